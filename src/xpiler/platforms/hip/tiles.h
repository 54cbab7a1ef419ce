// Tiles of 16 x 16 held by the 64 lanes of a wavefront, which call together. `ld` counts elements between rows.
// A lane is column `lane % 16` and quarter `lane / 16` of a tile, as the matrix instructions want it.
#pragma once

typedef float tile_float4 __attribute__((__vector_size__(4 * sizeof(float))));
typedef _Float16 tile_half4 __attribute__((__vector_size__(4 * sizeof(_Float16))));

struct tile_acc { tile_float4 x; };  // 16 x 16 sums
struct tile_a { tile_half4 x; };     // 16 x 16 of A, half
struct tile_b { tile_half4 x; };     // 16 x 16 of B, half
struct tile_a4 { float x; };         // 16 x 4 of A, float
struct tile_b4 { float x; };         // 4 x 16 of B, float

__device__ inline int tile_lane() {
  return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 64;
}

__device__ inline void tile_fill(tile_acc& c, float value) {
  for (int slot = 0; slot < 4; ++slot) c.x[slot] = value;
}
__device__ inline void tile_load_acc(tile_acc& c, const float* p, int ld) {
  const int lane = tile_lane();
  for (int slot = 0; slot < 4; ++slot) c.x[slot] = p[(4 * (lane / 16) + slot) * ld + lane % 16];
}
__device__ inline void tile_store(float* p, const tile_acc& c, int ld) {
  const int lane = tile_lane();
  for (int slot = 0; slot < 4; ++slot) p[(4 * (lane / 16) + slot) * ld + lane % 16] = c.x[slot];
}

// Element (i, k) of A at p[i * ld + k].
__device__ inline void tile_load_a(tile_a& a, const _Float16* p, int ld) {
  const int lane = tile_lane();
  for (int r = 0; r < 4; ++r) a.x[r] = p[lane % 16 * ld + 4 * (lane / 16) + r];
}
__device__ inline void tile_load_a(tile_a4& a, const float* p, int ld) {
  const int lane = tile_lane();
  a.x = p[lane % 16 * ld + lane / 16];
}

// Element (k, j) of B at p[k * ld + j] (row) or p[j * ld + k] (col).
__device__ inline void tile_load_b_row(tile_b& b, const _Float16* p, int ld) {
  const int lane = tile_lane();
  for (int r = 0; r < 4; ++r) b.x[r] = p[(4 * (lane / 16) + r) * ld + lane % 16];
}
__device__ inline void tile_load_b_col(tile_b& b, const _Float16* p, int ld) {
  const int lane = tile_lane();
  for (int r = 0; r < 4; ++r) b.x[r] = p[lane % 16 * ld + 4 * (lane / 16) + r];
}
__device__ inline void tile_load_b_row(tile_b4& b, const float* p, int ld) {
  const int lane = tile_lane();
  b.x = p[lane / 16 * ld + lane % 16];
}
__device__ inline void tile_load_b_col(tile_b4& b, const float* p, int ld) {
  const int lane = tile_lane();
  b.x = p[lane % 16 * ld + lane / 16];
}

// c += a * b
__device__ inline void tile_mma(tile_acc& c, const tile_a& a, const tile_b& b) {
  c.x = __builtin_amdgcn_mfma_f32_16x16x16f16(a.x, b.x, c.x, 0, 0, 0);
}
__device__ inline void tile_mma(tile_acc& c, const tile_a4& a, const tile_b4& b) {
  c.x = __builtin_amdgcn_mfma_f32_16x16x4f32(a.x, b.x, c.x, 0, 0, 0);
}
