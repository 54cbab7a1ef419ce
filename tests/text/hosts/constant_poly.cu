__constant__ float coef[8];
__constant__ int shift;
__global__ void poly(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    float r = 0.0f;
    for (int k = 7; k >= 0; --k) r = r * x[i] + coef[k];
    y[i] = r + shift;
  }
}
extern "C" void run_poly(const float* h_coef, const float* h_x, float* h_y, int n, int s) {
  float *dx, *dy;
  cudaMemcpyToSymbol(coef, h_coef, sizeof(coef));
  cudaMemcpyToSymbol(shift, &s, sizeof(int));
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMemcpy(dx, h_x, n * sizeof(float), cudaMemcpyHostToDevice);
  poly<<<(n + 127) / 128, 128>>>(dx, dy, n);
  cudaMemcpy(h_y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}
