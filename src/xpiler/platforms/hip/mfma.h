// Matrix operations of a wavefront (AMD matrix instruction calculator): D = A * B + C over all 64 lanes, for gfx90a and
// gfx942. `blocks` products go on side by side.
//
// With v values of k in a lane, A[i][k] of a block is in lane M * (block + blocks * (k / v)) + i and B[k][j] in lane
// M * (block + blocks * (k / v)) + j, at position k % v. D's column j is lane % M; row and block of a lane's slot:
//   16 x 16   row 4 * (lane / 16) + slot % 4, block slot / 4
//   32 x 32   row 8 * (slot % 16 / 4) + 4 * (lane / 32) + slot % 4, block slot / 16
//   4 x 4     row slot, block lane / 4
//   doubles   16 x 16: row 4 * slot + lane / 16; 4 x 4: row lane / 16, block lane / 4 % 4
//
// Without a mark: the bodies ask for the lane, which only a kernel around the call can tell, so the reader inlines them.
#pragma once

#define XP_ROW16 4 * (lane / 16) + slot % 4
#define XP_ROW32 8 * (slot % 16 / 4) + 4 * (lane / 32) + slot % 4

#ifdef XP_READING

typedef float xp_float4 __attribute__((vector_size(16)));
typedef float xp_float16 __attribute__((vector_size(64)));
typedef float xp_float32 __attribute__((vector_size(128)));
typedef int xp_int4 __attribute__((vector_size(16)));
typedef int xp_int16 __attribute__((vector_size(64)));
typedef int xp_int32 __attribute__((vector_size(128)));
typedef double xp_double4 __attribute__((vector_size(32)));
typedef _Float16 xp_half4 __attribute__((vector_size(8)));
typedef short xp_short4 __attribute__((vector_size(8)));
typedef short xp_short2 __attribute__((vector_size(4)));

// These are part of the instruction: other values are other instructions, which have no meaning here.
XP_PRIMITIVE("only.a matrix operation without broadcast and without lane swizzle") void xp_plain(bool holds);

#define XP_WHOLE(a, p) (a)
#define XP_AT(a, p) (a)[p]
#define XP_BRAIN(a, p) __uint_as_float((unsigned)(unsigned short)(a)[p] << 16)
#define XP_BYTE(a, p) (int)(signed char)((a) >> (8 * (p)))

#define XP_MFMA(name, T, A, C, slots, M, K, V, blocks, row, block, part)                               \
  inline C __builtin_amdgcn_mfma_##name(A a, A b, C c, int cbsz, int abid, int blgp) {                 \
    xp_plain(cbsz == 0 && abid == 0 && blgp == 0);                                                     \
    const int lane = __lane_id();                                                                      \
    C d;                                                                                               \
    for (int slot = 0; slot < slots; ++slot) {                                                         \
      T sum = c[slot];                                                                                 \
      for (int k = 0; k < K; ++k)                                                                      \
        sum += (T)__shfl(part(a, k % V), M * (block + blocks * (k / V)) + row, 64) *                   \
               (T)__shfl(part(b, k % V), M * (block + blocks * (k / V)) + lane % M, 64);               \
      d[slot] = sum;                                                                                   \
    }                                                                                                  \
    return d;                                                                                          \
  }
inline double __builtin_amdgcn_mfma_f64_4x4x4f64(double a, double b, double c, int cbsz, int abid, int blgp) {
  xp_plain(cbsz == 0 && abid == 0 && blgp == 0);
  const int lane = __lane_id();
  double sum = c;
  for (int k = 0; k < 4; ++k)
    sum += __shfl(a, 16 * k + 4 * (lane / 4 % 4) + lane / 16, 64) * __shfl(b, 16 * k + lane % 16, 64);
  return sum;
}

#else

inline void xp_wave_call(int cbsz, int abid, int blgp) {
  XP_REQUIRE(blockDim.x * blockDim.y * blockDim.z % XP_WARP == 0, "a matrix operation needs all 64 lanes");
  XP_REQUIRE(cbsz == 0 && abid == 0 && blgp == 0, "this form takes no broadcast and no lane swizzle");
  xp::barrier_warp(~0ull);
}

#define XP_WHOLE(a, p) (a)
#define XP_AT(a, p) (a)[p]
#define XP_BRAIN(a, p) xp_bits<xp_f32>((unsigned)(unsigned short)(a)[p] << 16)
#define XP_BYTE(a, p) (int)(signed char)((a) >> (8 * (p)))
inline double& xp_slot(double& d, int) { return d; }
template <class C>
inline auto& xp_slot(C& d, int slot) {
  return d[slot];
}

// How a product runs: the lanes put their values in the wavefront's scratch memory, then each works out its own slots.
#define XP_MFMA(name, T, A, C, slots, M, K, V, blocks, row, block, part)                               \
  template <class XA, class XB, class XC>                                                              \
  inline XC __builtin_amdgcn_mfma_##name(const XA& a, const XB& b, const XC& c, int cbsz, int abid, int blgp) { \
    T* rows = static_cast<T*>(xp::warp_scratch(2 * 64 * V * sizeof(T))); /* k of a row together */     \
    T* columns = rows + 64 * V;                                          /* columns of a k together */ \
    const int lane = __lane_id(), own = lane / M % blocks;                                             \
    for (int p = 0; p < V; ++p) {                                                                      \
      const int k = V * (lane / (M * blocks)) + p;                                                     \
      rows[(own * M + lane % M) * K + k] = (T)part(a, p);                                              \
      columns[(own * K + k) * M + lane % M] = (T)part(b, p);                                           \
    }                                                                                                  \
    xp_wave_call(cbsz, abid, blgp);                                                                    \
    XC d = c, from = c;                                                                                \
    for (int slot = 0; slot < slots; ++slot) {                                                         \
      const T* r = rows + ((block) * M + row) * K;                                                     \
      const T* column = columns + (block) * K * M + lane % M;                                          \
      T sum = xp_slot(from, slot);                                                                     \
      for (int k = 0; k < K; ++k) sum += r[k] * column[k * M];                                         \
      xp_slot(d, slot) = sum;                                                                          \
    }                                                                                                  \
    xp::barrier_warp(~0ull);                                                                           \
    return d;                                                                                          \
  }
XP_MFMA(f64_4x4x4f64, double, double, double, 1, 4, 4, 1, 4, lane / 16, lane / 4 % 4, XP_WHOLE)
#endif

XP_MFMA(f32_16x16x4f32, float, float, xp_float4, 4, 16, 4, 1, 1, XP_ROW16, 0, XP_WHOLE)
XP_MFMA(f32_32x32x2f32, float, float, xp_float16, 16, 32, 2, 1, 1, XP_ROW32, 0, XP_WHOLE)
XP_MFMA(f32_4x4x1f32, float, float, xp_float4, 4, 4, 1, 1, 16, slot, lane / 4, XP_WHOLE)
XP_MFMA(f32_16x16x1f32, float, float, xp_float16, 16, 16, 1, 1, 4, XP_ROW16, slot / 4, XP_WHOLE)
XP_MFMA(f32_32x32x1f32, float, float, xp_float32, 32, 32, 1, 1, 2, XP_ROW32, slot / 16, XP_WHOLE)
XP_MFMA(f32_16x16x16f16, float, xp_half4, xp_float4, 4, 16, 16, 4, 1, XP_ROW16, 0, XP_AT)
XP_MFMA(f32_32x32x8f16, float, xp_half4, xp_float16, 16, 32, 8, 4, 1, XP_ROW32, 0, XP_AT)
XP_MFMA(f32_4x4x4f16, float, xp_half4, xp_float4, 4, 4, 4, 4, 16, slot, lane / 4, XP_AT)
XP_MFMA(f32_16x16x4f16, float, xp_half4, xp_float16, 16, 16, 4, 4, 4, XP_ROW16, slot / 4, XP_AT)
XP_MFMA(f32_32x32x4f16, float, xp_half4, xp_float32, 32, 32, 4, 4, 2, XP_ROW32, slot / 16, XP_AT)
XP_MFMA(f32_16x16x16bf16_1k, float, xp_short4, xp_float4, 4, 16, 16, 4, 1, XP_ROW16, 0, XP_BRAIN)
XP_MFMA(f32_32x32x8bf16_1k, float, xp_short4, xp_float16, 16, 32, 8, 4, 1, XP_ROW32, 0, XP_BRAIN)
XP_MFMA(f32_4x4x4bf16_1k, float, xp_short4, xp_float4, 4, 4, 4, 4, 16, slot, lane / 4, XP_BRAIN)
XP_MFMA(f32_16x16x4bf16_1k, float, xp_short4, xp_float16, 16, 16, 4, 4, 4, XP_ROW16, slot / 4, XP_BRAIN)
XP_MFMA(f32_32x32x4bf16_1k, float, xp_short4, xp_float32, 32, 32, 4, 4, 2, XP_ROW32, slot / 16, XP_BRAIN)
XP_MFMA(f32_16x16x8bf16, float, xp_short2, xp_float4, 4, 16, 8, 2, 1, XP_ROW16, 0, XP_BRAIN)    // gfx90a alone
XP_MFMA(f32_32x32x4bf16, float, xp_short2, xp_float16, 16, 32, 4, 2, 1, XP_ROW32, 0, XP_BRAIN)  // gfx90a alone
XP_MFMA(i32_16x16x16i8, int, int, xp_int4, 4, 16, 16, 4, 1, XP_ROW16, 0, XP_BYTE)               // gfx90a alone
XP_MFMA(i32_32x32x8i8, int, int, xp_int16, 16, 32, 8, 4, 1, XP_ROW32, 0, XP_BYTE)               // gfx90a alone
XP_MFMA(i32_16x16x32_i8, int, long, xp_int4, 4, 16, 32, 8, 1, XP_ROW16, 0, XP_BYTE)             // gfx942 alone
XP_MFMA(i32_32x32x16_i8, int, long, xp_int16, 16, 32, 16, 8, 1, XP_ROW32, 0, XP_BYTE)           // gfx942 alone
XP_MFMA(i32_4x4x4i8, int, int, xp_int4, 4, 4, 4, 4, 16, slot, lane / 4, XP_BYTE)
XP_MFMA(i32_16x16x4i8, int, int, xp_int16, 16, 16, 4, 4, 4, XP_ROW16, slot / 4, XP_BYTE)
XP_MFMA(i32_32x32x4i8, int, int, xp_int32, 32, 32, 4, 4, 2, XP_ROW32, slot / 16, XP_BYTE)
XP_MFMA(f64_16x16x4f64, double, double, xp_double4, 4, 16, 4, 1, 1, 4 * slot + lane / 16, 0, XP_WHOLE)
#undef XP_MFMA
#undef XP_ROW16
#undef XP_ROW32
#undef XP_WHOLE
#undef XP_AT
#undef XP_BRAIN
#undef XP_BYTE
