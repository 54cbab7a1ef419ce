// Loading and storing integers: typed overloads for buffers of elements, and untyped ones that are inlined.
#pragma once

// Lane i of a register from four bytes, two words or one 32-bit element.
#define XP_PACK_1(p) xp_at8(p[4 * i], 0) | xp_at8(p[4 * i + 1], 1) | xp_at8(p[4 * i + 2], 2) | xp_at8(p[4 * i + 3], 3)
#define XP_PACK_2(p) xp_at16(p[2 * i], 0) | xp_at16(p[2 * i + 1], 1)
#define XP_PACK_4(p) (int)p[i]

#define XP_LOAD_INTEGER(V, N, name, T, size, bytes)                  \
  XP_INTRINSIC inline V name(const T* p) {                           \
    XP_ALIGNED(p, bytes);                                            \
    V r;                                                             \
    for (int i = 0; i < N; ++i) r.v[i] = XP_PACK_##size(p);          \
    return r;                                                        \
  }
#define XP_STORE_INTEGER(V, N, name, T, size, bytes)                                        \
  XP_INTRINSIC inline void name(T* p, V a) {                                                \
    XP_ALIGNED(p, bytes);                                                                   \
    for (int i = 0; i < N * (4 / size); ++i) p[i] = (T)(a.v[i / (4 / size)] >> (8 * size * (i % (4 / size)))); \
  }
#define XP_LOAD_UNTYPED(V, N, name, pointer, bytes)       \
  inline V name(const pointer* p) {                       \
    XP_ALIGNED(p, bytes);                                 \
    const int* q = (const int*)p;                         \
    V r;                                                  \
    for (int i = 0; i < N; ++i) r.v[i] = q[i];            \
    return r;                                             \
  }
#define XP_STORE_UNTYPED(V, N, name, pointer, bytes)      \
  inline void name(pointer* p, V a) {                     \
    XP_ALIGNED(p, bytes);                                 \
    int* q = (int*)p;                                     \
    for (int i = 0; i < N; ++i) q[i] = a.v[i];            \
  }
#define XP_UNTYPED(V, N, load, store, pointer, bytes)     \
  XP_LOAD_UNTYPED(V, N, load, pointer, bytes)             \
  XP_STORE_UNTYPED(V, N, store, pointer, bytes)

#define XP_TYPED(V, N, load, store, T, size, bytes) \
  XP_LOAD_INTEGER(V, N, load, T, size, bytes)       \
  XP_STORE_INTEGER(V, N, store, T, size, bytes)
#define XP_TYPED_ALL(V, N, load, store, bytes)               \
  XP_TYPED(V, N, load, store, signed char, 1, bytes)         \
  XP_TYPED(V, N, load, store, unsigned char, 1, bytes)       \
  XP_TYPED(V, N, load, store, short, 2, bytes)               \
  XP_TYPED(V, N, load, store, unsigned short, 2, bytes)      \
  XP_TYPED(V, N, load, store, int, 4, bytes)                 \
  XP_TYPED(V, N, load, store, unsigned, 4, bytes)            \
  XP_UNTYPED(V, N, load, store, void, bytes)
XP_TYPED_ALL(__m512i, 16, _mm512_loadu_si512, _mm512_storeu_si512, 1)
XP_TYPED_ALL(__m512i, 16, _mm512_load_si512, _mm512_store_si512, 64)

// Halves are loaded and stored as words of 16 bits.
#define XP_HALVES(V, N, load, store)                                                                        \
  XP_INTRINSIC inline V load(const _Float16* p) {                                                           \
    V r;                                                                                                    \
    for (int i = 0; i < N; ++i) r.v[i] = xp_at16(xp_half_bits(p[2 * i]), 0) | xp_at16(xp_half_bits(p[2 * i + 1]), 1); \
    return r;                                                                                               \
  }                                                                                                         \
  XP_INTRINSIC inline void store(_Float16* p, V a) {                                                        \
    for (int i = 0; i < 2 * N; ++i) p[i] = xp_half_of((unsigned short)xp_u16(a.v[i / 2], i % 2));           \
  }

#define XP_ELEMENTWISE(P, V, N)                                                      \
  XP_TYPED(V, N, P##_loadu_epi8, P##_storeu_epi8, signed char, 1, 1)                 \
  XP_TYPED(V, N, P##_loadu_epi8, P##_storeu_epi8, unsigned char, 1, 1)               \
  XP_UNTYPED(V, N, P##_loadu_epi8, P##_storeu_epi8, void, 1)                         \
  XP_TYPED(V, N, P##_loadu_epi16, P##_storeu_epi16, short, 2, 1)                     \
  XP_TYPED(V, N, P##_loadu_epi16, P##_storeu_epi16, unsigned short, 2, 1)            \
  XP_HALVES(V, N, P##_loadu_epi16, P##_storeu_epi16)                                 \
  XP_UNTYPED(V, N, P##_loadu_epi16, P##_storeu_epi16, void, 1)                       \
  XP_TYPED(V, N, P##_loadu_epi32, P##_storeu_epi32, int, 4, 1)                       \
  XP_TYPED(V, N, P##_loadu_epi32, P##_storeu_epi32, unsigned, 4, 1)                  \
  XP_UNTYPED(V, N, P##_loadu_epi32, P##_storeu_epi32, void, 1)                       \
  XP_UNTYPED(V, N, P##_loadu_epi64, P##_storeu_epi64, void, 1)                       \
  XP_TYPED(V, N, P##_load_epi32, P##_store_epi32, int, 4, N * 4)                     \
  XP_UNTYPED(V, N, P##_load_epi32, P##_store_epi32, void, N * 4)                      \
  XP_UNTYPED(V, N, P##_load_epi64, P##_store_epi64, void, N * 4)
XP_ELEMENTWISE(_mm512, __m512i, 16)
XP_ELEMENTWISE(_mm256, __m256i, 8)
XP_ELEMENTWISE(_mm, __m128i, 4)
XP_UNTYPED(__m256i, 8, _mm256_loadu_si256, _mm256_storeu_si256, __m256i, 1)
XP_UNTYPED(__m256i, 8, _mm256_load_si256, _mm256_store_si256, __m256i, 32)
XP_LOAD_UNTYPED(__m256i, 8, _mm256_lddqu_si256, __m256i, 1)
XP_UNTYPED(__m128i, 4, _mm_loadu_si128, _mm_storeu_si128, __m128i, 1)
XP_UNTYPED(__m128i, 4, _mm_load_si128, _mm_store_si128, __m128i, 16)
XP_STORE_UNTYPED(__m512i, 16, _mm512_stream_si512, void, 64)
XP_STORE_UNTYPED(__m256i, 8, _mm256_stream_si256, __m256i, 32)

// The low eight bytes.
inline __m128i _mm_loadl_epi64(const __m128i* p) {
  const int* q = (const int*)p;
  __m128i r;
  for (int i = 0; i < 4; ++i) r.v[i] = i < 2 ? q[i] : 0;
  return r;
}
inline void _mm_storel_epi64(__m128i* p, __m128i a) {
  int* q = (int*)p;
  for (int i = 0; i < 2; ++i) q[i] = a.v[i];
}

// Masked: only the elements whose bit is set are touched.
#define XP_MASKED_LANES_OF(P, V, N, K, T)                                                        \
  XP_INTRINSIC inline V P##_maskz_loadu_epi32(K k, const T* p) {                                 \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (int)p[i] : 0;                         \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline V P##_mask_loadu_epi32(V src, K k, const T* p) {                           \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (int)p[i] : src.v[i];                  \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline void P##_mask_storeu_epi32(T* p, K k, V a) {                               \
    for (int i = 0; i < N; ++i) {                                                                \
      if ((k >> i) & 1) p[i] = (T)a.v[i];                                                        \
    }                                                                                            \
  }
#define XP_MASKED_LANES(P, V, N, K)                                                              \
  XP_MASKED_LANES_OF(P, V, N, K, int)                                                            \
  XP_MASKED_LANES_OF(P, V, N, K, unsigned)                                                       \
  inline V P##_maskz_loadu_epi32(K k, const void* p) { return P##_maskz_loadu_epi32(k, (const int*)p); } \
  inline V P##_mask_loadu_epi32(V src, K k, const void* p) {                                     \
    return P##_mask_loadu_epi32(src, k, (const int*)p);                                          \
  }                                                                                              \
  inline void P##_mask_storeu_epi32(void* p, K k, V a) { P##_mask_storeu_epi32((int*)p, k, a); }
XP_MASKED_LANES(_mm512, __m512i, 16, __mmask16)
XP_MASKED_LANES(_mm256, __m256i, 8, __mmask8)
XP_MASKED_LANES(_mm, __m128i, 4, __mmask8)

#define XP_MASKED_ELEMENTS(P, V, N, K, suffix, T, size)                                          \
  XP_INTRINSIC inline V P##_maskz_loadu_##suffix(K k, const T* p) {                              \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) {                                                                \
      int lane = 0;                                                                              \
      for (int j = 0; j < 4 / size; ++j) {                                                       \
        lane |= xp_at##suffix(((k >> ((4 / size) * i + j)) & 1) ? p[(4 / size) * i + j] : 0, j); \
      }                                                                                          \
      r.v[i] = lane;                                                                             \
    }                                                                                            \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline void P##_mask_storeu_##suffix(T* p, K k, V a) {                            \
    for (int i = 0; i < N * (4 / size); ++i) {                                                   \
      if ((k >> i) & 1) p[i] = (T)(a.v[i / (4 / size)] >> (8 * size * (i % (4 / size))));        \
    }                                                                                            \
  }
#define xp_atepi8 xp_at8
#define xp_atepi16 xp_at16
#define XP_MASKED_TYPED(P, V, N, K8, K16)                                      \
  XP_MASKED_ELEMENTS(P, V, N, K8, epi8, signed char, 1)                        \
  XP_MASKED_ELEMENTS(P, V, N, K8, epi8, unsigned char, 1)                      \
  XP_MASKED_ELEMENTS(P, V, N, K16, epi16, short, 2)                            \
  XP_MASKED_ELEMENTS(P, V, N, K16, epi16, unsigned short, 2)                   \
  inline V P##_maskz_loadu_epi8(K8 k, const void* p) { return P##_maskz_loadu_epi8(k, (const signed char*)p); } \
  inline V P##_maskz_loadu_epi16(K16 k, const void* p) { return P##_maskz_loadu_epi16(k, (const short*)p); }    \
  inline void P##_mask_storeu_epi8(void* p, K8 k, V a) { P##_mask_storeu_epi8((signed char*)p, k, a); }         \
  inline void P##_mask_storeu_epi16(void* p, K16 k, V a) { P##_mask_storeu_epi16((short*)p, k, a); }
XP_MASKED_TYPED(_mm512, __m512i, 16, __mmask64, __mmask32)
XP_MASKED_TYPED(_mm256, __m256i, 8, __mmask32, __mmask16)
XP_MASKED_TYPED(_mm, __m128i, 4, __mmask16, __mmask8)

// Elements of 64 bits, each moved as its two halves.
#define XP_MASKED_QUADS(P, V, N)                                                                 \
  inline V P##_maskz_loadu_epi64(__mmask8 k, const void* p) {                                    \
    const int* q = (const int*)p;                                                                \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> (i / 2)) & 1) ? q[i] : 0;                        \
    return r;                                                                                    \
  }                                                                                              \
  inline V P##_mask_loadu_epi64(V src, __mmask8 k, const void* p) {                              \
    const int* q = (const int*)p;                                                                \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> (i / 2)) & 1) ? q[i] : src.v[i];                 \
    return r;                                                                                    \
  }                                                                                              \
  inline void P##_mask_storeu_epi64(void* p, __mmask8 k, V a) {                                  \
    int* q = (int*)p;                                                                            \
    for (int i = 0; i < N; ++i) {                                                                \
      if ((k >> (i / 2)) & 1) q[i] = a.v[i];                                                     \
    }                                                                                            \
  }
XP_MASKED_QUADS(_mm512, __m512i, 16)
XP_MASKED_QUADS(_mm256, __m256i, 8)
XP_MASKED_QUADS(_mm, __m128i, 4)
#undef XP_MASKED_QUADS
