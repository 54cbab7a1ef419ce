#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

__global__ void k(const int* x, int* y, int n) {
  int t = blockIdx.x * blockDim.x + threadIdx.x;
  if (t >= n) return;
  int s = 0, v = x[t] & 63;
  for (;;) { if (v == 0) break; if (v & 1) { s += v; v >>= 1; continue; } v -= 1; if (s > 200) break; }
  int u = 10;
  while (u --> 0) { if (u == 3) continue; s += u; }
  do { s++; if (s % 7 == 0) break; } while (s < 500);
  for (unsigned q = 8; q-- > 0;) s ^= q;
  for (int a = 0; a < 3; a++) { for (int b = 0; b < 3; b++) { if (b > a) break; s += a * b; } }
  for (int i = 20; i >= 0; i -= 3) s += i;
  for (float f = 0.f; f < 1.0f; f += 0.25f) s += (int)(f * 4);
  int i2; for (i2 = 0; i2 < 10 && s > i2 * 5; i2 += 2) {} s += i2;
  for (int k = 1; k < 100; k *= 3) s += k;
  y[t] = s;
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
