// What CUDA gives a kernel: built-in variables, memory spaces and intrinsics, each with a plain C++ body.
//
// Architecture: sm_90. References are to the CUDA C++ Programming Guide and the CUDA Math API.
#pragma once
#ifdef XP_READING
#pragma clang force_cuda_host_device begin
#endif

#define XP_API(name) cuda##name
#define XP_WARP 32
#define __CUDACC__ 1
#define __NVCC__ 1
#define XP_NAN_TOP_BIT 1
#ifdef XP_READING
#define __CUDA_ARCH__ 900
#endif

#include "../simt.h"

typedef xp_bf16 __nv_bfloat16;
typedef xp_bf16 nv_bfloat16;
typedef xp_bf162 __nv_bfloat162;
typedef xp_bf162 nv_bfloat162;

typedef unsigned xp_mask;
#include "warp.h"
#include "../simt_lanes.h"
#include "../simt_groups.h"
#include "pipeline.h"
#include "async.h"
#include "fragments.h"
#include "product.h"
#include "wmma.h"

#ifdef XP_READING
#pragma clang force_cuda_host_device end
#endif
