// The macro form of a launch, and names that only HIP's runtime has.
#pragma once

#define HIP_KERNEL_NAME(...) __VA_ARGS__
#define HIP_DYNAMIC_SHARED(type, name) extern __shared__ type name[];
#ifdef XP_READING
#define hipLaunchKernelGGL(kernel, grid, block, shared, stream, ...) \
  kernel<<<grid, block, shared, stream>>>(__VA_ARGS__)
#else
#define hipLaunchKernelGGL(kernel, grid, block, shared, stream, ...) \
  XP_LAUNCH((kernel), grid, block, shared, stream)(__VA_ARGS__)
#endif
