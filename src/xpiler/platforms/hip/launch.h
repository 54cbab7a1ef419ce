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
