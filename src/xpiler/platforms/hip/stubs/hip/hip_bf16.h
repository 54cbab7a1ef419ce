// bfloat16 as clang's `__bf16`.
#pragma once
#include <hip/hip_runtime.h>

typedef __bf16 __hip_bfloat16;
struct __attribute__((aligned(4))) __hip_bfloat162 { __bf16 x, y; };
XP_BITS(unsigned short, __bfloat16_as_ushort, __bf16) XP_BITS(__bf16, __ushort_as_bfloat16, unsigned short)
XP_BOTH inline float __bfloat162float(__bf16 x) { return (float)x; }
XP_BOTH inline __bf16 __float2bfloat16(float x) { return (__bf16)x; }
