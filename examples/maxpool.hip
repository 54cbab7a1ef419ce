// 3 x 3 maximum over NHWC images, stride 2, no padding: [n, 16, 16, 64] -> [n, 7, 7, 64].
// A workgroup is one output row of one image: x runs over channels, y over output columns.
#include <float.h>
#include <hip/hip_runtime.h>

#define H 16
#define W 16
#define C 64
#define WINDOW 3
#define STRIDE 2
#define OH ((H - WINDOW) / STRIDE + 1)
#define OW ((W - WINDOW) / STRIDE + 1)

__global__ void maxpool_kernel(const float* __restrict__ x, float* __restrict__ y) {
  const int c = threadIdx.x;
  const int ow = threadIdx.y;
  const int oh = blockIdx.x;
  const int image = blockIdx.y;

  float top = -FLT_MAX;
  for (int kh = 0; kh < WINDOW; ++kh) {
    for (int kw = 0; kw < WINDOW; ++kw) {
      const float v = x[((image * H + oh * STRIDE + kh) * W + ow * STRIDE + kw) * C + c];
      if (v > top) {
        top = v;
      }
    }
  }
  y[((image * OH + oh) * OW + ow) * C + c] = top;
}

extern "C" void maxpool(const float* x, float* y, int n) {
  float *d_x, *d_y;
  hipMalloc(&d_x, n * H * W * C * sizeof(float));
  hipMalloc(&d_y, n * OH * OW * C * sizeof(float));
  hipMemcpy(d_x, x, n * H * W * C * sizeof(float), hipMemcpyHostToDevice);

  maxpool_kernel<<<dim3(OH, n), dim3(C, OW), 0, 0>>>(d_x, d_y);
  hipDeviceSynchronize();

  hipMemcpy(y, d_y, n * OH * OW * C * sizeof(float), hipMemcpyDeviceToHost);
  hipFree(d_x);
  hipFree(d_y);
}
