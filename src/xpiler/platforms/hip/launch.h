// The macro form of a launch, and names that only HIP's runtime has.
#pragma once

// HIP programming guide, "Coordinate built-ins": the older names.
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
#define HIP_SYMBOL(name) name

#define HIP_KERNEL_NAME(...) __VA_ARGS__
#define HIP_SYMBOL(name) name
#define HIP_DYNAMIC_SHARED_ATTRIBUTE
#ifdef XP_READING
#define HIP_DYNAMIC_SHARED(type, name) extern __shared__ type name[];
#define hipLaunchKernelGGL(kernel, grid, block, shared, stream, ...) \
  kernel<<<grid, block, shared, stream>>>(__VA_ARGS__)
#else
#define HIP_DYNAMIC_SHARED(type, name) type* name = (type*)xp::dynamic_shared;
#define hipLaunchKernelGGL(kernel, grid, block, shared, stream, ...) \
  XP_LAUNCH((kernel), grid, block, shared, stream)(__VA_ARGS__)
#endif

// A number in HIP, not an enumerator (hip_runtime_api.h), so it is also the null stream.
#define hipStreamDefault 0x00

// Fills of device memory that count elements, not bytes (HIP runtime API, "Memory management").
typedef void* hipDeviceptr_t;
#ifdef XP_READING
XP_PRIMITIVE("host.fill") hipError_t hipMemsetD8(hipDeviceptr_t address, unsigned char value, size_t count);
XP_PRIMITIVE("host.fill")
hipError_t hipMemsetD8Async(hipDeviceptr_t address, unsigned char value, size_t count, hipStream_t stream = 0);
XP_PRIMITIVE("host.fill2") hipError_t hipMemsetD16(hipDeviceptr_t address, unsigned short value, size_t count);
XP_PRIMITIVE("host.fill2")
hipError_t hipMemsetD16Async(hipDeviceptr_t address, unsigned short value, size_t count, hipStream_t stream = 0);
XP_PRIMITIVE("host.fill4") hipError_t hipMemsetD32(hipDeviceptr_t address, int value, size_t count);
XP_PRIMITIVE("host.fill4")
hipError_t hipMemsetD32Async(hipDeviceptr_t address, int value, size_t count, hipStream_t stream = 0);
#else
template <class T>
inline hipError_t xp_set_each(void* address, T value, size_t count) {
  std::vector<T> values(count, value);
  return hipMemcpy(address, values.data(), count * sizeof(T), hipMemcpyHostToDevice);
}
#define XP_SET(name, T)                                                                                     \
  inline hipError_t hipMemset##name(hipDeviceptr_t address, T value, size_t count) {                        \
    return xp_set_each(address, value, count);                                                              \
  }                                                                                                         \
  inline hipError_t hipMemset##name##Async(hipDeviceptr_t address, T value, size_t count, hipStream_t = nullptr) { \
    return xp_set_each(address, value, count);                                                              \
  }
XP_SET(D8, unsigned char)
XP_SET(D16, unsigned short)
XP_SET(D32, int)
#undef XP_SET
#endif
