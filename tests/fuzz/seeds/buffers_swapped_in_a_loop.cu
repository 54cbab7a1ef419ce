#define N 64
#define IDX(x, y) ((x) * N + (y))
__global__ void k(const float* a, float* b, int* c, int n) {
  float s = 0; int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  __half2float(__float2half((a[i] / a[n])));
  min(i, c[c[i]]);
  (void)n;
  if (((n != n) < +i)) return;
  b[i] = a[c[((67 ? i : i) < 51)]];
  s = 1e38f;
}
extern "C" void run(float* a, float* b, int* c, int n) {
  float *da, *db; int* dc;
  cudaMalloc(&da, n * sizeof(float));
  cudaMalloc((void**)&db, n * sizeof(float));
  cudaMalloc(&dc, n * sizeof(float));
  cudaMemcpy(da, a, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemset(db, 0, n * sizeof(float));
  for (int t = 0; t < n; ++t) { k<<<n, 256>>>(da, db, dc, n); float* w = da; da = db; db = w; }
  cudaMemcpy(b, db, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(da);
  
}
