// Matrix operations of a wavefront (AMD matrix instruction calculator): D = A * B + C over all 64 lanes.
//
// With v values of k in a lane, A[i][k] is in lane M * (k / v) + i and B[k][j] in lane M * (k / v) + j, at position
// k % v. D[i][j] of a 16 x 16 result is in slot i % 4 of lane 16 * (i / 4) + j; of a 32 x 32 result, in slot
// 4 * (i / 8) + i % 4 of lane 32 * (i / 4) % 64 + j.
//
// Without a mark: the bodies ask for the lane, which only a kernel around the call can tell, so the reader inlines them.
#pragma once

inline int __lane_id() {
#ifdef XP_READING
  return (int)((threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 64);
#else
  return int(xp::lane());
#endif
}

#ifdef XP_READING

typedef float xp_float4 __attribute__((vector_size(16)));
typedef float xp_float16 __attribute__((vector_size(64)));
typedef _Float16 xp_half4 __attribute__((vector_size(8)));

// One value of k in each lane.
inline xp_float4 __builtin_amdgcn_mfma_f32_16x16x4f32(float a, float b, xp_float4 c,
    int cbsz, int abid, int blgp) {
  const int lane = __lane_id();
  xp_float4 d;
  for (int slot = 0; slot < 4; ++slot) {
    float sum = c[slot];
    for (int k = 0; k < 4; ++k)
      sum += __shfl(a, 16 * k + 4 * (lane / 16) + slot, 64) * __shfl(b, 16 * k + lane % 16, 64);
    d[slot] = sum;
  }
  return d;
}
inline xp_float16 __builtin_amdgcn_mfma_f32_32x32x2f32(float a, float b, xp_float16 c,
    int cbsz, int abid, int blgp) {
  const int lane = __lane_id();
  xp_float16 d;
  for (int slot = 0; slot < 16; ++slot) {
    float sum = c[slot];
    for (int k = 0; k < 2; ++k)
      sum += __shfl(a, 32 * k + 8 * (slot / 4) + 4 * (lane / 32) + slot % 4, 64) *
             __shfl(b, 32 * k + lane % 32, 64);
    d[slot] = sum;
  }
  return d;
}

// Four consecutive values of k in each lane.
inline xp_float4 __builtin_amdgcn_mfma_f32_16x16x16f16(xp_half4 a, xp_half4 b, xp_float4 c,
    int cbsz, int abid, int blgp) {
  const int lane = __lane_id();
  xp_float4 d;
  for (int slot = 0; slot < 4; ++slot) {
    float sum = c[slot];
    for (int k = 0; k < 16; ++k)
      sum += (float)__shfl(a[k % 4], 16 * (k / 4) + 4 * (lane / 16) + slot, 64) *
             (float)__shfl(b[k % 4], 16 * (k / 4) + lane % 16, 64);
    d[slot] = sum;
  }
  return d;
}
inline xp_float16 __builtin_amdgcn_mfma_f32_32x32x8f16(xp_half4 a, xp_half4 b, xp_float16 c,
    int cbsz, int abid, int blgp) {
  const int lane = __lane_id();
  xp_float16 d;
  for (int slot = 0; slot < 16; ++slot) {
    float sum = c[slot];
    for (int k = 0; k < 8; ++k)
      sum += (float)__shfl(a[k % 4], 32 * (k / 4) + 8 * (slot / 4) + 4 * (lane / 32) + slot % 4, 64) *
             (float)__shfl(b[k % 4], 32 * (k / 4) + lane % 32, 64);
    d[slot] = sum;
  }
  return d;
}

#else

inline void xp_wave_call(int cbsz, int abid, int blgp) {
  XP_REQUIRE(blockDim.x * blockDim.y * blockDim.z % XP_WARP == 0, "a matrix operation needs all 64 lanes");
  XP_REQUIRE(cbsz == 0 && abid == 0 && blgp == 0, "this form takes no broadcast and no lane swizzle");
  xp::barrier_warp(~0ull);
}

inline float xp_part(float a, int) { return a; }
template <class V>
inline float xp_part(const V& a, int position) {
  return (float)a[position];
}

// How a product runs: the lanes put their values in the wavefront's scratch memory, then each works out its own slots.
template <int M, int V, class A, class B, class C>
C xp_mfma(const A& a, const B& b, const C& c, int cbsz, int abid, int blgp) {
  constexpr int K = 64 * V / M, slots = M * M / 64;
  float* rows = static_cast<float*>(xp::warp_scratch(2 * 64 * V * sizeof(float)));  // k of an i together
  float* columns = rows + 64 * V;                                                   // j of a k together
  const int lane = __lane_id(), j = lane % M;
  for (int p = 0; p < V; ++p) {
    const int k = V * (lane / M) + p;
    rows[j * K + k] = xp_part(a, p);
    columns[k * M + j] = xp_part(b, p);
  }
  xp_wave_call(cbsz, abid, blgp);
  C d = c;
  for (int slot = 0; slot < slots; ++slot) {
    const int i = 8 * (slot / 4) + 4 * (lane / M) + slot % 4;  // slot < 4 when M is 16
    float sum = c[slot];
    for (int k = 0; k < K; ++k) sum += rows[i * K + k] * columns[k * M + j];
    d[slot] = sum;
  }
  xp::barrier_warp(~0ull);
  return d;
}

#define XP_MFMA(name, M, V)                                                              \
  template <class A, class B, class C>                                                   \
  inline C name(const A& a, const B& b, const C& c, int cbsz, int abid, int blgp) {      \
    return xp_mfma<M, V>(a, b, c, cbsz, abid, blgp);                                     \
  }
XP_MFMA(__builtin_amdgcn_mfma_f32_16x16x4f32, 16, 1)
XP_MFMA(__builtin_amdgcn_mfma_f32_32x32x2f32, 32, 1)
XP_MFMA(__builtin_amdgcn_mfma_f32_16x16x16f16, 16, 4)
XP_MFMA(__builtin_amdgcn_mfma_f32_32x32x8f16, 32, 4)
#undef XP_MFMA
#endif
