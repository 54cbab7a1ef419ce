#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

struct Vec3 { float x, y, z; 
  __host__ __device__ Vec3(float a = 0, float b = 0, float c = 0) : x(a), y(b), z(c) {}
  __host__ __device__ Vec3 operator+(const Vec3& o) const { return Vec3(x + o.x, y + o.y, z + o.z); }
  __host__ __device__ Vec3 operator-(const Vec3& o) const { return Vec3(x - o.x, y - o.y, z - o.z); }
  __host__ __device__ Vec3 operator*(float s) const { return {x * s, y * s, z * s}; }
  __host__ __device__ Vec3& operator+=(const Vec3& o) { x += o.x; y += o.y; z += o.z; return *this; }
  __host__ __device__ float dot(const Vec3& o) const { return x * o.x + y * o.y + z * o.z; } };
struct Sphere { Vec3 c; float r; };
struct Hit { bool ok; float t; Vec3 n; };
__constant__ float SPH[8] = {0, 0, 5, 1, 1, 1, 6, 2};
__device__ Hit intersect(const Vec3& o, const Vec3& d, const Sphere& s) {
  Hit h = {false, 0.f, Vec3()};
  Vec3 oc = o - s.c;
  float b = oc.dot(d), c = oc.dot(oc) - s.r * s.r, disc = b * b - d.dot(d) * c;
  if (disc < 0) return h;
  h.ok = true; h.t = (-b - sqrtf(disc)) / d.dot(d);
  h.n = (o + d * h.t - s.c) * (1.0f / s.r);
  return h;
}
__global__ void k(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Vec3 o, d(x[2 * i] * 0.1f, x[2 * i + 1] * 0.1f, 1.0f);
  Vec3 acc;
  for (int s = 0; s < 2; ++s) {
    Sphere sp = { Vec3(SPH[4 * s], SPH[4 * s + 1], SPH[4 * s + 2]), SPH[4 * s + 3] };
    Hit h = intersect(o, d, sp);
    if (h.ok) acc += h.n;
  }
  y[i] = acc.dot(Vec3(1, 2, 3));
}
extern "C" void run(const float* x, float* y, int n) {
  float* d_x;
  cudaMalloc(&d_x, (2 * n) * sizeof(float));
  cudaMemcpy(d_x, x, (2 * n) * sizeof(float), cudaMemcpyHostToDevice);
  float* d_y;
  cudaMalloc(&d_y, (n) * sizeof(float));
  k<<<(n + 63) / 64, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
