// FlashAttention forward (Dao et al.), float. A block owns Br queries of one head, one per thread, and walks over the keys
// and values in tiles of Bc rows held in shared memory, with a running maximum and a running sum for each query. Tensors
// are (batch, seq, head, dim).
// shapes: 2_128_8_64 1_128_32_128
#include <cuda_runtime.h>

#include <cmath>

constexpr int B = 2;
constexpr int S = 128;
constexpr int H = 8;
constexpr int D = 64;

constexpr int Br = 32;
constexpr int Bc = 32;
static_assert(S % Br == 0 && S % Bc == 0, "the sequence is cut into whole tiles");

__global__ void __launch_bounds__(Br) flash_attn_forward(const float* __restrict__ Q, const float* __restrict__ K,
                                                         const float* __restrict__ V, float* __restrict__ O,
                                                         const float softmax_scale) {
  __shared__ float Kj[Bc][D];
  __shared__ float Vj[Bc][D];

  const int tx = threadIdx.x;
  const int stride = H * D;  // from one token to the next
  const size_t qkv_offset = (size_t)blockIdx.z * S * stride + blockIdx.y * D;
  const int query = blockIdx.x * Br + tx;

  float q[D];
  float acc[D];
#pragma unroll
  for (int x = 0; x < D; ++x) {
    q[x] = Q[qkv_offset + query * stride + x] * softmax_scale;
    acc[x] = 0.0f;
  }
  float m = -INFINITY;
  float l = 0.0f;

  for (int j = 0; j < S / Bc; ++j) {
    for (int y = 0; y < Bc; ++y) {
      for (int x = tx; x < D; x += Br) {
        Kj[y][x] = K[qkv_offset + (j * Bc + y) * stride + x];
        Vj[y][x] = V[qkv_offset + (j * Bc + y) * stride + x];
      }
    }
    __syncthreads();

    // S = QK^T, row maximum
    float s[Bc];
    float m_new = m;
#pragma unroll
    for (int y = 0; y < Bc; ++y) {
      float sum = 0.0f;
#pragma unroll
      for (int x = 0; x < D; ++x) sum += q[x] * Kj[y][x];
      s[y] = sum;
      m_new = fmaxf(m_new, sum);
    }

    // What was accumulated under the old maximum is rescaled to the new one.
    const float correction = __expf(m - m_new);
    l *= correction;
#pragma unroll
    for (int x = 0; x < D; ++x) acc[x] *= correction;

#pragma unroll
    for (int y = 0; y < Bc; ++y) {
      const float p = __expf(s[y] - m_new);
      l += p;
#pragma unroll
      for (int x = 0; x < D; ++x) acc[x] += p * Vj[y][x];
    }
    m = m_new;
    __syncthreads();
  }

#pragma unroll
  for (int x = 0; x < D; ++x) O[qkv_offset + query * stride + x] = acc[x] / l;
}

extern "C" void mha(const float* Q, const float* K, const float* V, float* O) {
  constexpr size_t size = sizeof(float) * B * S * H * D;
  float *dQ, *dK, *dV, *dO;
  cudaMalloc(&dQ, size);
  cudaMalloc(&dK, size);
  cudaMalloc(&dV, size);
  cudaMalloc(&dO, size);
  cudaMemcpy(dQ, Q, size, cudaMemcpyHostToDevice);
  cudaMemcpy(dK, K, size, cudaMemcpyHostToDevice);
  cudaMemcpy(dV, V, size, cudaMemcpyHostToDevice);

  const float softmax_scale = 1.0f / sqrtf(D);
  flash_attn_forward<<<dim3(S / Br, H, B), Br>>>(dQ, dK, dV, dO, softmax_scale);
  cudaDeviceSynchronize();

  cudaMemcpy(O, dO, size, cudaMemcpyDeviceToHost);
  cudaFree(dQ);
  cudaFree(dK);
  cudaFree(dV);
  cudaFree(dO);
}
