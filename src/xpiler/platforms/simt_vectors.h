// Geometry and the small vectors of one element type.
#pragma once

#ifdef XP_READING
struct uint3 {
  unsigned x, y, z;
};
#else
using uint3 = xp::Index3;
#endif

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return uint3{x, y, z}; }
};

#ifdef XP_READING
extern const XP_AXIS uint3 threadIdx, blockIdx;
extern const XP_AXIS dim3 blockDim, gridDim;
constexpr int warpSize = XP_WARP;
#else
// Objects, not macros: host code may call its own `dim3 blockDim(128, 4)`, and warpSize is also a member of the host's
// device properties.
inline constexpr const uint3& threadIdx = xp::thread_idx;
inline constexpr const uint3& blockIdx = xp::block_idx;
inline constexpr const uint3& blockDim = xp::block_dim;
inline constexpr const uint3& gridDim = xp::grid_dim;
inline constexpr int warpSize = XP_WARP;
#endif

// Three of them are apart: uint3 is the type of threadIdx.
#define XP_VECTOR(T, name, bytes)                                             \
  struct name##1 {                                                            \
    T x;                                                                      \
  };                                                                          \
  struct __attribute__((aligned(2 * bytes))) name##2 {                        \
    T x, y;                                                                   \
  };                                                                          \
  struct __attribute__((aligned(4 * bytes > 16 ? 16 : 4 * bytes))) name##4 {  \
    T x, y, z, w;                                                             \
  };                                                                          \
  inline name##1 make_##name##1(T x) { return {x}; }                          \
  inline name##2 make_##name##2(T x, T y) { return {x, y}; }                  \
  inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }
#define XP_VECTOR3(T, name) \
  struct name##3 {          \
    T x, y, z;              \
  };                        \
  inline name##3 make_##name##3(T x, T y, T z) { return {x, y, z}; }
XP_VECTOR(signed char, char, 1)
XP_VECTOR(unsigned char, uchar, 1)
XP_VECTOR(short, short, 2)
XP_VECTOR(unsigned short, ushort, 2)
XP_VECTOR(int, int, 4)
XP_VECTOR(unsigned, uint, 4)
XP_VECTOR(float, float, sizeof(float))
XP_VECTOR(double, double, 8)
XP_VECTOR(long, long, 8)
XP_VECTOR(unsigned long, ulong, 8)
XP_VECTOR(long long, longlong, 8)
XP_VECTOR(unsigned long long, ulonglong, 8)
XP_VECTOR3(signed char, char)
XP_VECTOR3(unsigned char, uchar)
XP_VECTOR3(short, short)
XP_VECTOR3(unsigned short, ushort)
XP_VECTOR3(int, int)
XP_VECTOR3(float, float)
XP_VECTOR3(double, double)
XP_VECTOR3(long, long)
XP_VECTOR3(unsigned long, ulong)
XP_VECTOR3(long long, longlong)
XP_VECTOR3(unsigned long long, ulonglong)
inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
#undef XP_VECTOR
#undef XP_VECTOR3

#ifndef XP_READING
inline void xp_width(int width) {
  XP_REQUIRE(width > 0 && width <= XP_WARP && (width & (width - 1)) == 0,
             "the width of a shuffle is a power of two, at most that of the warp");
}
#endif
