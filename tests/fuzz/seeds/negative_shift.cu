template <typename T, int W> __global__ void k(const float* a, float* b, int* c, int n) {
  float s = 0; int i = blockIdx.x * blockDim.x + threadIdx.x;
  __popc(('a' << (i, -1)));
}
extern "C" void run(float b, int* c, int n) {
  float *da, *db; int* dc;
  cudaMalloc(&da, n * 4);
  cudaMalloc((void**)&db, n * 4);
  cudaMalloc(&dc, n * 4);
  k<float, 4><<<(n + 255) / 256, 64>>>(da, db, dc, n);
