// Declarations alone: what a HIP text may name, for a clang that has no ROCm beside it (toolchain.py). Types and
// signatures are those of the HIP documentation; what they mean is in device.h, and nothing here is linked.
#pragma once

#define __host__ __attribute__((host))
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __managed__ __attribute__((managed))
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define HIP_DYNAMIC_SHARED(type, name) extern __shared__ type name[];
#define HIP_KERNEL_NAME(...) __VA_ARGS__
#define HIP_SYMBOL(x) x
#define XP_DEVICE static __device__
#define XP_BOTH __host__ __device__

// ---------------------------------------------------------------- types and constants of the C library

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef __INTPTR_TYPE__ intptr_t;
typedef __UINTPTR_TYPE__ uintptr_t;
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT64_TYPE__ uint64_t;
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
#define NULL __null
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define HUGE_VAL __builtin_huge_val()
#define HUGE_VALF __builtin_huge_valf()
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_E 2.7182818284590452354
#define M_LN2 0.69314718055994530942
#define M_LOG2E 1.4426950408889634074
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.70710678118654752440
#define M_2_SQRTPI 1.12837916709551257390
#define FLT_MAX __FLT_MAX__
#define FLT_MIN __FLT_MIN__
#define FLT_EPSILON __FLT_EPSILON__
#define DBL_MAX __DBL_MAX__
#define DBL_MIN __DBL_MIN__
#define DBL_EPSILON __DBL_EPSILON__
#define CHAR_BIT 8
#define SCHAR_MIN (-128)
#define SCHAR_MAX 127
#define UCHAR_MAX 255
#define SHRT_MIN (-32768)
#define SHRT_MAX 32767
#define USHRT_MAX 65535
#define INT_MIN (-__INT_MAX__ - 1)
#define INT_MAX __INT_MAX__
#define UINT_MAX (__INT_MAX__ * 2u + 1u)
#define LLONG_MIN (-__LONG_LONG_MAX__ - 1LL)
#define LLONG_MAX __LONG_LONG_MAX__
#define ULLONG_MAX (__LONG_LONG_MAX__ * 2ull + 1ull)
#define INT8_MIN SCHAR_MIN
#define INT8_MAX SCHAR_MAX
#define UINT8_MAX UCHAR_MAX
#define INT16_MIN SHRT_MIN
#define INT16_MAX SHRT_MAX
#define UINT16_MAX USHRT_MAX
#define INT32_MIN INT_MIN
#define INT32_MAX INT_MAX
#define UINT32_MAX UINT_MAX
#define INT64_MIN LLONG_MIN
#define INT64_MAX LLONG_MAX
#define UINT64_MAX ULLONG_MAX
#define assert(condition) ((void)(condition))
#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)
#define signbit(x) __builtin_signbit(x)

extern "C" {
XP_BOTH void* malloc(size_t size);
XP_BOTH void free(void* p);
__host__ void* calloc(size_t count, size_t size);
__host__ void* realloc(void* p, size_t size);
__host__ void* aligned_alloc(size_t alignment, size_t size);
__host__ void exit(int status);
__host__ void abort(void);
__host__ int rand(void);
__host__ void srand(unsigned seed);
__host__ int atoi(const char* text);
XP_BOTH int printf(const char* format, ...);
XP_BOTH void* memcpy(void* to, const void* from, size_t bytes);
XP_BOTH void* memmove(void* to, const void* from, size_t bytes);
XP_BOTH void* memset(void* to, int value, size_t bytes);
__host__ int memcmp(const void* a, const void* b, size_t bytes);
XP_BOTH long labs(long x);
XP_BOTH long long llabs(long long x);
struct xp_file;
extern xp_file *stdin, *stdout, *stderr;
__host__ int fprintf(xp_file* file, const char* format, ...);
}
#define FILE xp_file
#define RAND_MAX 2147483647
#define EXIT_FAILURE 1
#define EXIT_SUCCESS 0

// ---------------------------------------------------------------- vectors and indices

struct dim3 {
  unsigned int x, y, z;
  constexpr XP_BOTH dim3(unsigned int x = 1, unsigned int y = 1, unsigned int z = 1) : x(x), y(y), z(z) {}
};

#define XP_VECTOR(type, name)                                                       \
  struct name##1 { type x; };                                                      \
  struct __attribute__((aligned(2 * sizeof(type)))) name##2 { type x, y; };         \
  struct name##3 { type x, y, z; };                                                \
  struct __attribute__((aligned(4 * sizeof(type) < 16 ? 4 * sizeof(type) : 16))) name##4 { type x, y, z, w; };      \
  XP_BOTH inline name##1 make_##name##1(type x) { return {x}; }                     \
  XP_BOTH inline name##2 make_##name##2(type x, type y) { return {x, y}; }          \
  XP_BOTH inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; } \
  XP_BOTH inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; } \
  XP_VECTOR_OP(name, +)                                                            \
  XP_VECTOR_OP(name, -)                                                            \
  XP_VECTOR_OP(name, *)                                                            \
  XP_VECTOR_OP(name, /)
#define XP_VECTOR_OP(name, op)                                                      \
  XP_BOTH inline name##2 operator op(name##2 a, name##2 b) {                        \
    using T = decltype(a.x);                                                       \
    return {T(a.x op b.x), T(a.y op b.y)};                                         \
  }                                                                                \
  XP_BOTH inline name##4 operator op(name##4 a, name##4 b) {                        \
    using T = decltype(a.x);                                                       \
    return {T(a.x op b.x), T(a.y op b.y), T(a.z op b.z), T(a.w op b.w)};           \
  }                                                                                \
  XP_BOTH inline name##2& operator op##=(name##2& a, name##2 b) { return a = a op b; } \
  XP_BOTH inline name##4& operator op##=(name##4& a, name##4 b) { return a = a op b; }
XP_VECTOR(char, char)
XP_VECTOR(unsigned char, uchar)
XP_VECTOR(short, short)
XP_VECTOR(unsigned short, ushort)
XP_VECTOR(int, int)
XP_VECTOR(unsigned int, uint)
XP_VECTOR(long, long)
XP_VECTOR(unsigned long, ulong)
XP_VECTOR(long long, longlong)
XP_VECTOR(unsigned long long, ulonglong)
XP_VECTOR(float, float)
XP_VECTOR(double, double)

struct xp_thread_index {
  static __device__ unsigned int get_x() { return __builtin_amdgcn_workitem_id_x(); }
  static __device__ unsigned int get_y() { return __builtin_amdgcn_workitem_id_y(); }
  static __device__ unsigned int get_z() { return __builtin_amdgcn_workitem_id_z(); }
  __declspec(property(get = get_x)) unsigned int x;
  __declspec(property(get = get_y)) unsigned int y;
  __declspec(property(get = get_z)) unsigned int z;
};
struct xp_block_index {
  static __device__ unsigned int get_x() { return __builtin_amdgcn_workgroup_id_x(); }
  static __device__ unsigned int get_y() { return __builtin_amdgcn_workgroup_id_y(); }
  static __device__ unsigned int get_z() { return __builtin_amdgcn_workgroup_id_z(); }
  __declspec(property(get = get_x)) unsigned int x;
  __declspec(property(get = get_y)) unsigned int y;
  __declspec(property(get = get_z)) unsigned int z;
};
struct xp_block_dim {
  static __device__ unsigned int get_x() { return __builtin_amdgcn_workgroup_size_x(); }
  static __device__ unsigned int get_y() { return __builtin_amdgcn_workgroup_size_y(); }
  static __device__ unsigned int get_z() { return __builtin_amdgcn_workgroup_size_z(); }
  __declspec(property(get = get_x)) unsigned int x;
  __declspec(property(get = get_y)) unsigned int y;
  __declspec(property(get = get_z)) unsigned int z;
};
struct xp_grid_dim {
  static __device__ unsigned int get_x() { return __builtin_amdgcn_grid_size_x() / xp_block_dim::get_x(); }
  static __device__ unsigned int get_y() { return __builtin_amdgcn_grid_size_y() / xp_block_dim::get_y(); }
  static __device__ unsigned int get_z() { return __builtin_amdgcn_grid_size_z() / xp_block_dim::get_z(); }
  __declspec(property(get = get_x)) unsigned int x;
  __declspec(property(get = get_y)) unsigned int y;
  __declspec(property(get = get_z)) unsigned int z;
};
extern const __device__ xp_thread_index threadIdx;
extern const __device__ xp_block_index blockIdx;
extern const __device__ xp_block_dim blockDim;
extern const __device__ xp_grid_dim gridDim;
#define hipThreadIdx_x threadIdx.x
#define hipThreadIdx_y threadIdx.y
#define hipThreadIdx_z threadIdx.z
#define hipBlockIdx_x blockIdx.x
#define hipBlockIdx_y blockIdx.y
#define hipBlockIdx_z blockIdx.z
#define hipBlockDim_x blockDim.x
#define hipBlockDim_y blockDim.y
#define hipBlockDim_z blockDim.z
#define hipGridDim_x gridDim.x
#define hipGridDim_y gridDim.y
#define hipGridDim_z gridDim.z
constexpr int warpSize = 64;

// ---------------------------------------------------------------- arithmetic

// As in ROCm, functions of C++ that call the device library: those of C would be built in, and need a library of C's.
#define XP_REAL1(name)                                                 \
  extern "C" XP_BOTH double __ocml_##name##_f64(double);               \
  extern "C" XP_BOTH float __ocml_##name##_f32(float);                 \
  static XP_BOTH inline double name(double x) { return __ocml_##name##_f64(x); } \
  static XP_BOTH inline float name##f(float x) { return __ocml_##name##_f32(x); } \
  static XP_BOTH inline float name(float x) { return name##f(x); }     \
  static XP_BOTH inline double name(int x) { return name((double)x); } \
  namespace std { using ::name; }
#define XP_REAL2(name)                                                 \
  extern "C" XP_BOTH double __ocml_##name##_f64(double, double);       \
  extern "C" XP_BOTH float __ocml_##name##_f32(float, float);          \
  static XP_BOTH inline double name(double x, double y) { return __ocml_##name##_f64(x, y); } \
  static XP_BOTH inline float name##f(float x, float y) { return __ocml_##name##_f32(x, y); } \
  static XP_BOTH inline float name(float x, float y) { return name##f(x, y); } \
  static XP_BOTH inline double name(double x, float y) { return name(x, (double)y); } \
  static XP_BOTH inline double name(float x, double y) { return name((double)x, y); } \
  static XP_BOTH inline double name(double x, int y) { return name(x, (double)y); } \
  static XP_BOTH inline double name(int x, double y) { return name((double)x, y); } \
  static XP_BOTH inline double name(float x, int y) { return name((double)x, (double)y); } \
  static XP_BOTH inline double name(int x, int y) { return name((double)x, (double)y); } \
  namespace std { using ::name; }
XP_REAL1(acos) XP_REAL1(acosh) XP_REAL1(asin) XP_REAL1(asinh) XP_REAL1(atan) XP_REAL1(atanh) XP_REAL1(cbrt)
XP_REAL1(ceil) XP_REAL1(cos) XP_REAL1(cosh) XP_REAL1(erf) XP_REAL1(erfc) XP_REAL1(exp) XP_REAL1(exp10) XP_REAL1(exp2)
XP_REAL1(expm1) XP_REAL1(fabs) XP_REAL1(floor) XP_REAL1(lgamma) XP_REAL1(log) XP_REAL1(log10) XP_REAL1(log1p)
XP_REAL1(log2) XP_REAL1(nearbyint) XP_REAL1(normcdf) XP_REAL1(rcbrt) XP_REAL1(rint) XP_REAL1(round) XP_REAL1(rsqrt)
XP_REAL1(sin) XP_REAL1(sinh) XP_REAL1(sqrt) XP_REAL1(tan) XP_REAL1(tanh) XP_REAL1(tgamma) XP_REAL1(trunc)
XP_REAL2(atan2) XP_REAL2(copysign) XP_REAL2(fdim) XP_REAL2(fmax) XP_REAL2(fmin) XP_REAL2(fmod) XP_REAL2(hypot)
XP_REAL2(nextafter) XP_REAL2(pow) XP_REAL2(remainder)
extern "C" {
XP_BOTH double __ocml_fma_f64(double, double, double);
XP_BOTH float __ocml_fma_f32(float, float, float);
XP_BOTH double __ocml_ldexp_f64(double, int);
XP_BOTH float __ocml_ldexp_f32(float, int);
XP_BOTH int abs(int);
__device__ float __cosf(float);
__device__ float __exp10f(float);
__device__ float __expf(float);
__device__ float __fadd_rn(float, float);
__device__ float __fdiv_rn(float, float);
__device__ float __fdividef(float, float);
__device__ float __fmaf_rn(float, float, float);
__device__ float __fmul_rn(float, float);
__device__ float __frcp_rn(float);
__device__ float __frsqrt_rn(float);
__device__ float __fsqrt_rn(float);
__device__ float __fsub_rn(float, float);
__device__ float __log10f(float);
__device__ float __log2f(float);
__device__ float __logf(float);
__device__ float __powf(float, float);
__device__ float __saturatef(float);
__device__ float __sinf(float);
__device__ float __tanf(float);
__device__ void __sincosf(float, float*, float*);
}
static XP_BOTH inline double fma(double a, double b, double c) { return __ocml_fma_f64(a, b, c); }
static XP_BOTH inline float fmaf(float a, float b, float c) { return __ocml_fma_f32(a, b, c); }
static XP_BOTH inline float fma(float a, float b, float c) { return fmaf(a, b, c); }
static XP_BOTH inline double ldexp(double x, int n) { return __ocml_ldexp_f64(x, n); }
static XP_BOTH inline float ldexpf(float x, int n) { return __ocml_ldexp_f32(x, n); }
static XP_BOTH inline long lround(double x) { return (long)round(x); }
static XP_BOTH inline long lroundf(float x) { return (long)roundf(x); }
static XP_BOTH inline long lrint(double x) { return (long)rint(x); }
static XP_BOTH inline long lrintf(float x) { return (long)rintf(x); }
static XP_BOTH inline void sincos(double x, double* s, double* c) { *s = sin(x), *c = cos(x); }
static XP_BOTH inline void sincosf(float x, float* s, float* c) { *s = sinf(x), *c = cosf(x); }
XP_BOTH inline float abs(float x) { return fabsf(x); }
XP_BOTH inline double abs(double x) { return fabs(x); }
XP_BOTH inline long abs(long x) { return labs(x); }
XP_BOTH inline long long abs(long long x) { return llabs(x); }
#define XP_EXTREMA(type)                                                \
  XP_BOTH inline type min(type a, type b) { return b < a ? b : a; }     \
  XP_BOTH inline type max(type a, type b) { return a < b ? b : a; }
XP_EXTREMA(int) XP_EXTREMA(unsigned int) XP_EXTREMA(long) XP_EXTREMA(unsigned long) XP_EXTREMA(long long)
XP_EXTREMA(unsigned long long) XP_EXTREMA(float) XP_EXTREMA(double) XP_EXTREMA(_Float16)
XP_BOTH inline int min(int a, unsigned int b) { return min((unsigned int)a, b); }
XP_BOTH inline int min(unsigned int a, int b) { return min(a, (unsigned int)b); }
XP_BOTH inline int max(int a, unsigned int b) { return max((unsigned int)a, b); }
XP_BOTH inline int max(unsigned int a, int b) { return max(a, (unsigned int)b); }
namespace std {
using ::abort;
using ::abs;
using ::exit;
using ::fma;
using ::fprintf;
using ::printf;
template <class T> constexpr XP_BOTH const T& min(const T& a, const T& b) { return b < a ? b : a; }
template <class T> constexpr XP_BOTH const T& max(const T& a, const T& b) { return a < b ? b : a; }
template <class T> constexpr XP_BOTH void swap(T& a, T& b) { T c = a; a = b; b = c; }
using ::size_t;
}

// ---------------------------------------------------------------- bits

#define XP_BITS(to, name, from) \
  XP_DEVICE inline to name(from x) { return __builtin_bit_cast(to, x); }
XP_BITS(int, __float_as_int, float) XP_BITS(unsigned int, __float_as_uint, float)
XP_BITS(float, __int_as_float, int) XP_BITS(float, __uint_as_float, unsigned int)
XP_BITS(long long, __double_as_longlong, double) XP_BITS(double, __longlong_as_double, long long)
XP_DEVICE inline int __popc(unsigned int x) { return __builtin_popcount(x); }
XP_DEVICE inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
extern "C" {
__device__ int __clz(int);
__device__ int __clzll(long long);
__device__ int __ffs(unsigned int);
__device__ int __ffsll(unsigned long long);
__device__ unsigned int __brev(unsigned int);
__device__ unsigned long long __brevll(unsigned long long);
__device__ unsigned int __byte_perm(unsigned int, unsigned int, unsigned int);
__device__ int __mulhi(int, int);
__device__ unsigned int __umulhi(unsigned int, unsigned int);
__device__ int __mul24(int, int);
__device__ unsigned int __umul24(unsigned int, unsigned int);
__device__ int __float2int_rn(float);
__device__ int __float2int_rd(float);
__device__ int __float2int_ru(float);
__device__ int __float2int_rz(float);
__device__ unsigned int __float2uint_rn(float);
__device__ unsigned int __float2uint_rz(float);
__device__ float __int2float_rn(int);
__device__ float __uint2float_rn(unsigned int);
__device__ long long clock64();
__device__ long long wall_clock64();
}
template <class T> XP_DEVICE inline T __ldg(const T* p) { return *p; }

// ---------------------------------------------------------------- lanes, blocks, atomics

XP_DEVICE inline void __syncthreads() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
extern "C" {
__device__ int __syncthreads_and(int);
__device__ int __syncthreads_or(int);
__device__ int __syncthreads_count(int);
__device__ void __threadfence();
__device__ void __threadfence_block();
__device__ void __threadfence_system();
__device__ int __all(int);
__device__ int __any(int);
__device__ unsigned long long __ballot(int);
__device__ unsigned long long __activemask();
__device__ unsigned int __lane_id();
}
#define XP_SHUFFLE(type)                                         \
  __device__ type __shfl(type, int, int = warpSize);             \
  __device__ type __shfl_up(type, unsigned int, int = warpSize); \
  __device__ type __shfl_down(type, unsigned int, int = warpSize); \
  __device__ type __shfl_xor(type, int, int = warpSize);
XP_SHUFFLE(int) XP_SHUFFLE(unsigned int) XP_SHUFFLE(long) XP_SHUFFLE(unsigned long) XP_SHUFFLE(long long)
XP_SHUFFLE(unsigned long long) XP_SHUFFLE(float) XP_SHUFFLE(double) XP_SHUFFLE(_Float16)

#define XP_ATOMIC(name, type) __device__ type atomic##name(type*, type);
#define XP_ATOMICS(type) \
  XP_ATOMIC(Add, type) XP_ATOMIC(Min, type) XP_ATOMIC(Max, type) XP_ATOMIC(And, type) XP_ATOMIC(Or, type) \
  XP_ATOMIC(Xor, type) XP_ATOMIC(Exch, type) __device__ type atomicCAS(type*, type, type);
XP_ATOMICS(int) XP_ATOMICS(unsigned int) XP_ATOMICS(unsigned long long)
XP_ATOMIC(Add, float) XP_ATOMIC(Add, double) XP_ATOMIC(Sub, int) XP_ATOMIC(Sub, unsigned int) XP_ATOMIC(Exch, float)
XP_ATOMIC(Min, float) XP_ATOMIC(Max, float) XP_ATOMIC(Min, double) XP_ATOMIC(Max, double)
XP_ATOMIC(Min, long long) XP_ATOMIC(Max, long long)
__device__ unsigned int atomicInc(unsigned int*, unsigned int);
__device__ unsigned int atomicDec(unsigned int*, unsigned int);
__device__ float unsafeAtomicAdd(float*, float);
__device__ double unsafeAtomicAdd(double*, double);

// ---------------------------------------------------------------- the host's interface

enum hipError_t {
  hipSuccess = 0, hipErrorInvalidValue = 1, hipErrorOutOfMemory = 2, hipErrorMemoryAllocation = 2,
  hipErrorInvalidConfiguration = 9, hipErrorNoDevice = 100, hipErrorInvalidDevice = 101, hipErrorNotReady = 600,
  hipErrorLaunchFailure = 719, hipErrorUnknown = 999
};
enum hipMemcpyKind {
  hipMemcpyHostToHost, hipMemcpyHostToDevice, hipMemcpyDeviceToHost, hipMemcpyDeviceToDevice, hipMemcpyDefault
};
enum hipFuncAttribute {
  hipFuncAttributeMaxDynamicSharedMemorySize = 8, hipFuncAttributePreferredSharedMemoryCarveout = 9
};
#define hipStreamDefault 0x00
enum { hipStreamNonBlocking = 1, hipEventDefault = 0, hipEventDisableTiming = 2,
       hipHostMallocDefault = 0, hipMemAttachGlobal = 1 };
typedef struct ihipStream_t* hipStream_t;
typedef struct ihipEvent_t* hipEvent_t;
typedef void* hipDeviceptr_t;
struct hipDeviceProp_t {
  char name[256];
  size_t totalGlobalMem, sharedMemPerBlock;
  int regsPerBlock, warpSize, maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3], clockRate, multiProcessorCount;
  int major, minor, maxThreadsPerMultiProcessor;
  char gcnArchName[256];
};
extern "C" {
hipError_t __hipPushCallConfiguration(dim3 grid, dim3 block, size_t shared = 0, hipStream_t stream = 0);
hipError_t hipDeviceReset();
hipError_t hipDeviceSynchronize();
hipError_t hipEventCreate(hipEvent_t* event);
hipError_t hipEventCreateWithFlags(hipEvent_t* event, unsigned int flags);
hipError_t hipEventDestroy(hipEvent_t event);
hipError_t hipEventElapsedTime(float* ms, hipEvent_t start, hipEvent_t stop);
hipError_t hipEventRecord(hipEvent_t event, hipStream_t stream = 0);
hipError_t hipEventSynchronize(hipEvent_t event);
hipError_t hipFree(void* p);
hipError_t hipFuncSetAttribute(const void* kernel, hipFuncAttribute attribute, int value);
hipError_t hipGetDevice(int* device);
hipError_t hipGetDeviceCount(int* count);
hipError_t hipGetDeviceProperties(hipDeviceProp_t* properties, int device);
const char* hipGetErrorName(hipError_t error);
const char* hipGetErrorString(hipError_t error);
hipError_t hipGetLastError();
hipError_t hipHostFree(void* p);
hipError_t hipLaunchKernel(const void* f, dim3 grid, dim3 block, void** args, size_t shared = 0, hipStream_t s = 0);
hipError_t hipMemcpy(void* to, const void* from, size_t bytes, hipMemcpyKind kind);
hipError_t hipMemcpyAsync(void* to, const void* from, size_t bytes, hipMemcpyKind kind, hipStream_t stream = 0);
hipError_t hipMemset(void* to, int value, size_t bytes);
hipError_t hipMemsetAsync(void* to, int value, size_t bytes, hipStream_t stream = 0);
hipError_t hipMemsetD16(hipDeviceptr_t to, unsigned short value, size_t count);
hipError_t hipMemsetD32(hipDeviceptr_t to, int value, size_t count);
hipError_t hipMemsetD8(hipDeviceptr_t to, unsigned char value, size_t count);
hipError_t hipPeekAtLastError();
hipError_t hipSetDevice(int device);
hipError_t hipStreamCreate(hipStream_t* stream);
hipError_t hipStreamCreateWithFlags(hipStream_t* stream, unsigned int flags);
hipError_t hipStreamDestroy(hipStream_t stream);
hipError_t hipStreamSynchronize(hipStream_t stream);
}
hipError_t xp_malloc(void** p, size_t bytes);
template <class T> hipError_t hipMalloc(T** p, size_t bytes) { return xp_malloc((void**)p, bytes); }
template <class T> hipError_t hipMallocManaged(T** p, size_t bytes, unsigned int = hipMemAttachGlobal) {
  return xp_malloc((void**)p, bytes);
}
template <class T> hipError_t hipHostMalloc(T** p, size_t bytes, unsigned int = hipHostMallocDefault) {
  return xp_malloc((void**)p, bytes);
}
template <class T>
hipError_t hipMemcpyToSymbol(const T& to, const void* from, size_t bytes, size_t = 0, hipMemcpyKind = hipMemcpyHostToDevice);
template <class T> hipError_t hipFuncSetAttribute(T* kernel, hipFuncAttribute attribute, int value) {
  return hipFuncSetAttribute((const void*)kernel, attribute, value);
}
#define hipLaunchKernelGGL(kernel, grid, block, shared, stream, ...) \
  (kernel)<<<(grid), (block), (shared), (stream)>>>(__VA_ARGS__)
