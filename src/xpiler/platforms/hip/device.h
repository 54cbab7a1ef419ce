// What HIP gives a kernel on CDNA: built-in variables, memory spaces and intrinsics, each with a plain C++ body.
//
// Architecture: gfx942. References are to the HIP documentation and the AMD matrix instruction calculator.
#pragma once
#ifdef XP_READING
#pragma clang force_cuda_host_device begin
#endif

#define XP_API(name) hip##name
#define XP_WARP 64
#define __HIPCC__ 1
#define __HIP__ 1
#define __HIP_PLATFORM_AMD__ 1
#define __GFX9__ 1
#define __gfx942__ 1
#ifdef XP_READING
#define __HIP_DEVICE_COMPILE__ 1
#endif

#include "../simt.h"

typedef xp_bf16 __hip_bfloat16;
typedef xp_bf16 hip_bfloat16;
typedef xp_bf162 __hip_bfloat162;
typedef _Float16 float16_t;  // rocWMMA's name

typedef unsigned long long xp_mask;
#include "wave.h"
#include "../simt_lanes.h"
#include "lanes.h"
#include "atomics.h"
#include "../simt_groups.h"
#include "mfma.h"
#include "launch.h"
#include "vectors.h"

#include "half_mixed.h"
#ifdef XP_OFFERS
#include "tile_meanings.h"
#endif

#ifdef XP_READING
#pragma clang force_cuda_host_device end
#endif
