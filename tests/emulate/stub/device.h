// A tiny SIMT platform for tests of the runtime alone.
#pragma once
#define __global__
#define __device__
#define __shared__ XP_SPACE("shared")
struct dim3 {
    unsigned x, y, z;
    dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};
#define threadIdx xp::thread_idx
#define blockIdx xp::block_idx
#define blockDim xp::block_dim
#define gridDim xp::grid_dim
inline xp::Geometry xp_geometry(dim3 g, dim3 b, std::size_t shared = 0, void* = nullptr) {
    return {{g.x, g.y, g.z}, {b.x, b.y, b.z}, shared, 32};
}
inline void __syncthreads() { xp::barrier_block(); }
template <class T>
T __shfl_xor_sync(unsigned mask, T v, int lanes, int width = 32) {
    return xp::shuffle(xp::LANE_XOR, v, lanes, width, 32, mask);
}
inline int cudaMalloc(void** p, std::size_t n) { return *p = xp::dev_malloc(n), 0; }
template <class T>
int cudaMalloc(T** p, std::size_t n) { return *p = static_cast<T*>(xp::dev_malloc(n)), 0; }
inline int cudaFree(void* p) { return xp::dev_free(p), 0; }
enum cudaMemcpyKind { cudaMemcpyHostToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
inline int cudaMemcpy(void* d, const void* s, std::size_t n, cudaMemcpyKind k) {
    return xp::dev_copy(d, s, n, static_cast<xp::Copy>(k)), 0;
}
