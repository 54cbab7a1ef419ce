// Half precision as `_Float16`, which clang compiles for these GPUs itself.
#pragma once
#include <hip/hip_runtime.h>

typedef _Float16 __half;
typedef _Float16 half;
struct __attribute__((aligned(4))) __half2 { _Float16 x, y; };
typedef __half2 half2;
XP_BITS(unsigned short, __half_as_ushort, _Float16) XP_BITS(_Float16, __ushort_as_half, unsigned short)
XP_BITS(short, __half_as_short, _Float16) XP_BITS(_Float16, __short_as_half, short)
XP_BOTH inline float __half2float(_Float16 x) { return x; }
XP_BOTH inline _Float16 __float2half(float x) { return x; }
XP_BOTH inline _Float16 __float2half_rn(float x) { return x; }
XP_DEVICE inline _Float16 __int2half_rn(int x) { return x; }
XP_DEVICE inline int __half2int_rn(_Float16 x) { return x; }
#define XP_HALF2(name, op) XP_DEVICE inline _Float16 name(_Float16 a, _Float16 b) { return a op b; }
XP_HALF2(__hadd, +) XP_HALF2(__hsub, -) XP_HALF2(__hmul, *) XP_HALF2(__hdiv, /)
#define XP_HALF_TEST(name, op) XP_DEVICE inline bool name(_Float16 a, _Float16 b) { return a op b; }
XP_HALF_TEST(__heq, ==) XP_HALF_TEST(__hne, !=) XP_HALF_TEST(__hlt, <) XP_HALF_TEST(__hle, <=)
XP_HALF_TEST(__hgt, >) XP_HALF_TEST(__hge, >=)
XP_DEVICE inline _Float16 __hneg(_Float16 a) { return -a; }
XP_DEVICE inline _Float16 __hmax(_Float16 a, _Float16 b) { return a < b ? b : a; }
XP_DEVICE inline _Float16 __hmin(_Float16 a, _Float16 b) { return b < a ? b : a; }
extern "C" {
__device__ _Float16 __habs(_Float16);
__device__ _Float16 __hfma(_Float16, _Float16, _Float16);
__device__ _Float16 hceil(_Float16);
__device__ _Float16 hcos(_Float16);
__device__ _Float16 hexp(_Float16);
__device__ _Float16 hexp2(_Float16);
__device__ _Float16 hfloor(_Float16);
__device__ _Float16 hlog(_Float16);
__device__ _Float16 hlog2(_Float16);
__device__ _Float16 hrcp(_Float16);
__device__ _Float16 hrint(_Float16);
__device__ _Float16 hrsqrt(_Float16);
__device__ _Float16 hsin(_Float16);
__device__ _Float16 hsqrt(_Float16);
__device__ _Float16 htrunc(_Float16);
__device__ __half2 __hadd2(__half2, __half2);
__device__ __half2 __hfma2(__half2, __half2, __half2);
__device__ __half2 __hmul2(__half2, __half2);
__device__ __half2 __hsub2(__half2, __half2);
__device__ bool __hisnan(_Float16);
}
XP_DEVICE inline __half2 make_half2(_Float16 x, _Float16 y) { return {x, y}; }
XP_DEVICE inline __half2 __halves2half2(_Float16 x, _Float16 y) { return {x, y}; }
XP_DEVICE inline __half2 __float2half2_rn(float x) { return {(_Float16)x, (_Float16)x}; }
XP_DEVICE inline __half2 __floats2half2_rn(float x, float y) { return {(_Float16)x, (_Float16)y}; }
XP_DEVICE inline __half2 __half2half2(_Float16 x) { return {x, x}; }
XP_DEVICE inline float2 __half22float2(__half2 x) { return {(float)x.x, (float)x.y}; }
XP_DEVICE inline _Float16 __low2half(__half2 x) { return x.x; }
XP_DEVICE inline _Float16 __high2half(__half2 x) { return x.y; }
XP_DEVICE inline float __low2float(__half2 x) { return x.x; }
XP_DEVICE inline float __high2float(__half2 x) { return x.y; }
