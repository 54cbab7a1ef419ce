#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

__global__ void k(const int* x, int* y, int n) {
  int t = blockIdx.x * blockDim.x + threadIdx.x;
  if (t >= n) return;
  int a = x[t] & 15, b = 3, c;
  int buf[4] = {1, 2, 3, 4};
  int p = 0;
  buf[p++] += a;
  buf[p++] *= b--;
  ++a; c = a + b++;
  buf[p] = buf[p + 1]++ - 1;
  a = (b += 2, b * a);
  c = a > 5 ? b++ : --b;
  a <<= 1; a |= 1; a ^= c; b %= 5; c >>= 1; c &= 0xff;
  int s = 0;
  for (int i = 0, j = 3; i < j; ++i, --j) s += buf[i] * buf[j];
  int q = -a % 7 + ~b + !c;
  int r = (p == 2 && a++ > 3 || c-- < 0); y[t] = s + a * 1000 + b * 100 + c * 10 + r + a + c + q;
}
extern "C" void run(const int* x, int* y, int n) {
  int* d_x;
  cudaMalloc(&d_x, (n) * sizeof(int));
  cudaMemcpy(d_x, x, (n) * sizeof(int), cudaMemcpyHostToDevice);
  int* d_y;
  cudaMalloc(&d_y, (n) * sizeof(int));
  k<<<(n + 63) / 64, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
