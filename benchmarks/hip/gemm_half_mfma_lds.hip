// fp16 GEMM with fp32 accumulation on the matrix cores, operands staged through the LDS.
// A workgroup of four wavefronts computes a 64 x 64 tile of C, 32 x 32 per wavefront, with
// v_mfma_f32_32x32x8f16. Rows of the LDS tiles are padded by four halves (8 bytes, still aligned for
// the 64-bit reads of an operand).
// shapes: 1024_128_4096
#include <hip/hip_runtime.h>
#include <hip/hip_fp16.h>

#include <cstdio>
#include <cstdlib>

#define HIP_CHECK(status)                                                                    \
  if ((status) != hipSuccess) {                                                              \
    fprintf(stderr, "error at %s:%d: %s\n", __FILE__, __LINE__, hipGetErrorString(hipGetLastError())); \
    exit(1);                                                                                 \
  }

#define M 1024
#define K 128
#define N 4096

constexpr int kTileM = 64;
constexpr int kTileN = 64;
constexpr int kTileK = 32;
constexpr int kWave = 64;
constexpr int kThreads = 4 * kWave;
constexpr int kStride = kTileK + 4;

typedef _Float16 half4_t __attribute__((ext_vector_type(4)));
typedef float float16_acc __attribute__((ext_vector_type(16)));

__global__ __launch_bounds__(kThreads) void gemm_f16_lds(const _Float16* __restrict__ a,
                                                         const _Float16* __restrict__ b, float* __restrict__ c) {
  __shared__ _Float16 lds_a[kTileM * kStride];  // [m][k]
  __shared__ _Float16 lds_b[kTileN * kStride];  // [n][k], transposed on the way in

  const int wave = threadIdx.x / kWave;
  const int lane = threadIdx.x % kWave;
  const int wave_m = (wave / 2) * 32;
  const int wave_n = (wave % 2) * 32;
  const int block_m = blockIdx.x * kTileM;
  const int block_n = blockIdx.y * kTileN;

  float16_acc acc;
  for (int s = 0; s < 16; ++s) acc[s] = 0.0f;

  for (int k0 = 0; k0 < K; k0 += kTileK) {
    for (int e = threadIdx.x; e < kTileM * kTileK; e += kThreads) {
      const int m = e / kTileK;
      const int k = e % kTileK;
      lds_a[m * kStride + k] = a[(block_m + m) * K + k0 + k];
    }
    for (int e = threadIdx.x; e < kTileK * kTileN; e += kThreads) {
      const int k = e / kTileN;
      const int n = e % kTileN;
      lds_b[n * kStride + k] = b[(k0 + k) * N + block_n + n];
    }
    __syncthreads();

    for (int k = 0; k < kTileK; k += 8) {
      const int at = k + 4 * (lane / 32);
      const half4_t va = *reinterpret_cast<const half4_t*>(&lds_a[(wave_m + lane % 32) * kStride + at]);
      const half4_t vb = *reinterpret_cast<const half4_t*>(&lds_b[(wave_n + lane % 32) * kStride + at]);
      acc = __builtin_amdgcn_mfma_f32_32x32x8f16(va, vb, acc, 0, 0, 0);
    }
    __syncthreads();
  }

  for (int s = 0; s < 16; ++s) {
    const int row = block_m + wave_m + 8 * (s / 4) + 4 * (lane / 32) + s % 4;
    const int col = block_n + wave_n + lane % 32;
    c[(size_t)row * N + col] = acc[s];
  }
}

extern "C" void gemm(const _Float16* a, const _Float16* b, float* c) {
  _Float16 *d_a, *d_b;
  float* d_c;
  HIP_CHECK(hipMalloc(&d_a, sizeof(_Float16) * M * K));
  HIP_CHECK(hipMalloc(&d_b, sizeof(_Float16) * K * N));
  HIP_CHECK(hipMalloc(&d_c, sizeof(float) * M * N));
  HIP_CHECK(hipMemcpy(d_a, a, sizeof(_Float16) * M * K, hipMemcpyHostToDevice));
  HIP_CHECK(hipMemcpy(d_b, b, sizeof(_Float16) * K * N, hipMemcpyHostToDevice));

  hipLaunchKernelGGL(gemm_f16_lds, dim3(M / kTileM, N / kTileN), dim3(kThreads), 0, 0, d_a, d_b, d_c);
  HIP_CHECK(hipDeviceSynchronize());

  HIP_CHECK(hipMemcpy(c, d_c, sizeof(float) * M * N, hipMemcpyDeviceToHost));
  HIP_CHECK(hipFree(d_a));
  HIP_CHECK(hipFree(d_b));
  HIP_CHECK(hipFree(d_c));
}
