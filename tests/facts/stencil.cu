// 7-point stencil, marching in z with a queue of registers
#define NX 32
#define NY 16
#define NZ 20
__global__ void stencil(const float* __restrict__ in, float* __restrict__ out, float a, float b) {
  int x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 8 + threadIdx.y;
  __shared__ float tile[10][18];
  int tx = threadIdx.x + 1, ty = threadIdx.y + 1;
  int i = y * NX + x;
  float behind = in[i], current = in[i + NX * NY], front;
  for (int z = 1; z < NZ - 1; ++z) {
    front = in[i + (z + 1) * NX * NY];
    __syncthreads();
    tile[ty][tx] = current;
    if (threadIdx.x == 0 && x > 0) tile[ty][0] = in[i + z * NX * NY - 1];
    if (threadIdx.x == 15 && x < NX - 1) tile[ty][17] = in[i + z * NX * NY + 1];
    if (threadIdx.y == 0 && y > 0) tile[0][tx] = in[i + z * NX * NY - NX];
    if (threadIdx.y == 7 && y < NY - 1) tile[9][tx] = in[i + z * NX * NY + NX];
    __syncthreads();
    if (x > 0 && x < NX - 1 && y > 0 && y < NY - 1)
      out[i + z * NX * NY] = a * current + b * (behind + front + tile[ty][tx - 1] + tile[ty][tx + 1] + tile[ty - 1][tx] + tile[ty + 1][tx]);
    behind = current;
    current = front;
  }
}
extern "C" void march(const float* in, float* out, float a, float b) {
  float *di, *dout;
  cudaMalloc(&di, NX*NY*NZ*4); cudaMalloc(&dout, NX*NY*NZ*4);
  cudaMemcpy(di, in, NX*NY*NZ*4, cudaMemcpyHostToDevice);
  cudaMemset(dout, 0, NX*NY*NZ*4);
  stencil<<<dim3(NX/16, NY/8), dim3(16, 8)>>>(di, dout, a, b);
  cudaMemcpy(out, dout, NX*NY*NZ*4, cudaMemcpyDeviceToHost);
}
