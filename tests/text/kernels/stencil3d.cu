#include <cuda_runtime.h>
struct Grid { int nx, ny, nz; float inv_h2; };
__device__ __forceinline__ int idx(const Grid& g, int x, int y, int z) { return (z * g.ny + y) * g.nx + x; }
__global__ void laplace(Grid g, const float* u, float* v) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y, z = blockIdx.z * blockDim.z + threadIdx.z;
  if (x >= g.nx || y >= g.ny || z >= g.nz) return;
  if (x == 0 || y == 0 || z == 0 || x == g.nx - 1 || y == g.ny - 1 || z == g.nz - 1) { v[idx(g, x, y, z)] = 0; return; }
  float c = u[idx(g, x, y, z)];
  v[idx(g, x, y, z)] = (u[idx(g, x - 1, y, z)] + u[idx(g, x + 1, y, z)] + u[idx(g, x, y - 1, z)] + u[idx(g, x, y + 1, z)]
    + u[idx(g, x, y, z - 1)] + u[idx(g, x, y, z + 1)] - 6 * c) * g.inv_h2;
}
extern "C" void lap(const float* u, float* v, int nx, int ny, int nz, float h) {
  float *du, *dv;
  size_t bytes = (size_t)nx * ny * nz * sizeof(float);
  cudaMalloc(&du, bytes); cudaMalloc(&dv, bytes);
  cudaMemcpy(du, u, bytes, cudaMemcpyHostToDevice);
  Grid g = {nx, ny, nz, 1.0f / (h * h)};
  dim3 block(8, 4, 4);
  dim3 grid((nx + 7) / 8, (ny + 3) / 4, (nz + 3) / 4);
  laplace<<<grid, block>>>(g, du, dv);
  cudaMemcpy(v, dv, bytes, cudaMemcpyDeviceToHost);
  cudaFree(du); cudaFree(dv);
}
