// Loading and storing floats and doubles. A masked access touches only the lanes whose bit is set.
#pragma once

#define XP_LOADS(P, V, N, K, suffix, T, bytes)                                                  \
  XP_INTRINSIC inline V P##_loadu_##suffix(const T* p) {                                        \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) r.v[i] = p[i];                                                  \
    return r;                                                                                   \
  }                                                                                             \
  XP_INTRINSIC inline V P##_load_##suffix(const T* p) {                                         \
    XP_ALIGNED(p, bytes);                                                                       \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) r.v[i] = p[i];                                                  \
    return r;                                                                                   \
  }                                                                                             \
  XP_INTRINSIC inline V P##_mask_loadu_##suffix(V src, K k, const T* p) {                       \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? p[i] : src.v[i];                      \
    return r;                                                                                   \
  }                                                                                             \
  XP_INTRINSIC inline V P##_maskz_loadu_##suffix(K k, const T* p) {                             \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? p[i] : 0;                             \
    return r;                                                                                   \
  }                                                                                             \
  XP_INTRINSIC inline V P##_mask_load_##suffix(V src, K k, const T* p) {                        \
    XP_ALIGNED(p, bytes);                                                                       \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? p[i] : src.v[i];                      \
    return r;                                                                                   \
  }                                                                                             \
  XP_INTRINSIC inline V P##_maskz_load_##suffix(K k, const T* p) {                              \
    XP_ALIGNED(p, bytes);                                                                       \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? p[i] : 0;                             \
    return r;                                                                                   \
  }                                                                                             \
  XP_INTRINSIC inline void P##_storeu_##suffix(T* p, V a) {                                     \
    for (int i = 0; i < N; ++i) p[i] = a.v[i];                                                  \
  }                                                                                             \
  XP_INTRINSIC inline void P##_store_##suffix(T* p, V a) {                                      \
    XP_ALIGNED(p, bytes);                                                                       \
    for (int i = 0; i < N; ++i) p[i] = a.v[i];                                                  \
  }                                                                                             \
  XP_INTRINSIC inline void P##_stream_##suffix(T* p, V a) {                                     \
    XP_ALIGNED(p, bytes);                                                                       \
    for (int i = 0; i < N; ++i) p[i] = a.v[i];                                                  \
  }                                                                                             \
  XP_INTRINSIC inline void P##_mask_storeu_##suffix(T* p, K k, V a) {                           \
    for (int i = 0; i < N; ++i) {                                                               \
      if ((k >> i) & 1) p[i] = a.v[i];                                                          \
    }                                                                                           \
  }                                                                                             \
  XP_INTRINSIC inline void P##_mask_store_##suffix(T* p, K k, V a) {                            \
    XP_ALIGNED(p, bytes);                                                                       \
    for (int i = 0; i < N; ++i) {                                                               \
      if ((k >> i) & 1) p[i] = a.v[i];                                                          \
    }                                                                                           \
  }
XP_LOADS(_mm512, __m512, 16, __mmask16, ps, float, 64)
XP_LOADS(_mm256, __m256, 8, __mmask8, ps, float, 32)
XP_LOADS(_mm, __m128, 4, __mmask8, ps, float, 16)
XP_LOADS(_mm512, __m512d, 8, __mmask8, pd, double, 64)
XP_LOADS(_mm256, __m256d, 4, __mmask8, pd, double, 32)
XP_LOADS(_mm, __m128d, 2, __mmask8, pd, double, 16)

// The vendor's 512-bit forms take any pointer.
inline __m512 _mm512_loadu_ps(const void* p) { return _mm512_loadu_ps((const float*)p); }
inline __m512 _mm512_load_ps(const void* p) { return _mm512_load_ps((const float*)p); }
inline void _mm512_storeu_ps(void* p, __m512 a) { _mm512_storeu_ps((float*)p, a); }
inline void _mm512_store_ps(void* p, __m512 a) { _mm512_store_ps((float*)p, a); }

// AVX's masked forms: a lane takes part if the top bit of its mask lane is set.
#define XP_MASKMOVE(P, V, I, N)                                                 \
  XP_INTRINSIC inline V P##_maskload_ps(const float* p, I k) {                  \
    V r;                                                                        \
    for (int i = 0; i < N; ++i) r.v[i] = k.v[i] < 0 ? p[i] : 0;                 \
    return r;                                                                   \
  }                                                                             \
  XP_INTRINSIC inline void P##_maskstore_ps(float* p, I k, V a) {               \
    for (int i = 0; i < N; ++i) {                                               \
      if (k.v[i] < 0) p[i] = a.v[i];                                            \
    }                                                                           \
  }
XP_MASKMOVE(_mm256, __m256, __m256i, 8)
XP_MASKMOVE(_mm, __m128, __m128i, 4)

// One element.
XP_INTRINSIC inline __m128 _mm_load_ss(const float* p) {
  __m128 r;
  for (int i = 0; i < 4; ++i) r.v[i] = i == 0 ? p[0] : 0;
  return r;
}
XP_INTRINSIC inline void _mm_store_ss(float* p, __m128 a) { p[0] = a.v[0]; }
#define XP_BROADCAST(P, V, N, op)                    \
  XP_INTRINSIC inline V P##_##op(const float* p) {   \
    V r;                                             \
    for (int i = 0; i < N; ++i) r.v[i] = p[0];       \
    return r;                                        \
  }
XP_BROADCAST(_mm256, __m256, 8, broadcast_ss)
XP_BROADCAST(_mm, __m128, 4, broadcast_ss)
XP_BROADCAST(_mm, __m128, 4, load1_ps)
XP_BROADCAST(_mm, __m128, 4, load_ps1)

// Gathering: index counts steps of `scale` bytes; here whole floats.
#define XP_WHOLE(scale) \
  XP_REQUIRE((scale) == 4 || (scale) == (int)sizeof(float), "a gather or scatter of floats with a scale other than 4")
XP_INTRINSIC inline __m512 _mm512_i32gather_ps(__m512i index, const float* base, int scale) {
  XP_WHOLE(scale);
  __m512 r;
  for (int i = 0; i < 16; ++i) r.v[i] = base[index.v[i]];
  return r;
}
XP_INTRINSIC inline __m512 _mm512_mask_i32gather_ps(__m512 src, __mmask16 k, __m512i index, const float* base,
                                                    int scale) {
  XP_WHOLE(scale);
  __m512 r;
  for (int i = 0; i < 16; ++i) r.v[i] = ((k >> i) & 1) ? base[index.v[i]] : src.v[i];
  return r;
}
XP_INTRINSIC inline void _mm512_i32scatter_ps(float* base, __m512i index, __m512 a, int scale) {
  XP_WHOLE(scale);
  for (int i = 0; i < 16; ++i) base[index.v[i]] = a.v[i];
}
XP_INTRINSIC inline __m256 _mm256_i32gather_ps(const float* base, __m256i index, int scale) {
  XP_WHOLE(scale);
  __m256 r;
  for (int i = 0; i < 8; ++i) r.v[i] = base[index.v[i]];
  return r;
}
XP_INTRINSIC inline __m512i _mm512_i32gather_epi32(__m512i index, const int* base, int scale) {
  XP_REQUIRE(scale == 4, "a gather of 32-bit integers with a scale other than 4");
  __m512i r;
  for (int i = 0; i < 16; ++i) r.v[i] = base[index.v[i]];
  return r;
}
XP_INTRINSIC inline __m512i _mm512_mask_i32gather_epi32(__m512i src, __mmask16 k, __m512i index, const int* base,
                                                        int scale) {
  XP_REQUIRE(scale == 4, "a gather of 32-bit integers with a scale other than 4");
  __m512i r;
  for (int i = 0; i < 16; ++i) r.v[i] = ((k >> i) & 1) ? base[index.v[i]] : src.v[i];
  return r;
}
XP_INTRINSIC inline __m256i _mm256_i32gather_epi32(const int* base, __m256i index, int scale) {
  XP_REQUIRE(scale == 4, "a gather of 32-bit integers with a scale other than 4");
  __m256i r;
  for (int i = 0; i < 8; ++i) r.v[i] = base[index.v[i]];
  return r;
}

inline __m512i _mm512_i32gather_epi32(__m512i index, const void* base, int scale) {
  return _mm512_i32gather_epi32(index, (const int*)base, scale);
}
XP_INTRINSIC inline __m512d _mm512_i32gather_pd(__m256i index, const double* base, int scale) {
  XP_REQUIRE(scale == 8, "a gather of doubles with a scale other than 8");
  __m512d r;
  for (int i = 0; i < 8; ++i) r.v[i] = base[index.v[i]];
  return r;
}
XP_INTRINSIC inline __m512d _mm512_mask_i32gather_pd(__m512d src, __mmask8 k, __m256i index, const double* base,
                                                     int scale) {
  XP_REQUIRE(scale == 8, "a gather of doubles with a scale other than 8");
  __m512d r;
  for (int i = 0; i < 8; ++i) r.v[i] = ((k >> i) & 1) ? base[index.v[i]] : src.v[i];
  return r;
}

inline void* _mm_malloc(size_t bytes, size_t align) {
  return aligned_alloc(align, (bytes + align - 1) / align * align);
}
inline void _mm_free(void* p) { free(p); }
#define _mm_prefetch(address, hint) ((void)0)
#define _mm_sfence() ((void)0)
#define _mm_mfence() ((void)0)
#define _mm_pause() ((void)0)
inline void _mm256_zeroupper() {}
inline void _mm256_zeroall() {}
