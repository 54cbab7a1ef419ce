// Qualifiers, element types and enumerations (sec 2.1 to 2.4).
#pragma once

#ifdef XP_READING
#define __mlu_entry__ __attribute__((global))
#define __mlu_global__ __attribute__((global))
#define __mlu_device__ __attribute__((device))
#define __mlu_func__ __attribute__((device)) __attribute__((host))
#define __mlu_host__ __attribute__((host))
#define __mlu_const__ XP_SPACE("constant")
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long int64_t;
typedef unsigned long uint64_t;
typedef unsigned long size_t;
typedef long ptrdiff_t;
typedef unsigned long uintptr_t;
typedef long intptr_t;

typedef __bf16 bfloat16_t;
#define NULL 0
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define FLT_MAX 3.402823466e+38f
#define FLT_MIN 1.175494351e-38f
#define FLT_EPSILON 1.192092896e-07f
#define HALF_MAX 65504.0f
#define INT_MAX 2147483647
#define INT_MIN (-2147483647 - 1)
#define UINT_MAX 4294967295u
#define INT32_MAX INT_MAX
#define INT32_MIN INT_MIN
#define INT8_MAX 127
#define INT8_MIN (-128)
#define UINT8_MAX 255
#define UINT16_MAX 65535
#define UINT32_MAX UINT_MAX
#define INT64_MAX 9223372036854775807l
#define INT64_MIN (-9223372036854775807l - 1)
#define UINT64_MAX 18446744073709551615ul
#define CHAR_BIT 8
#define INT16_MAX 32767
#define INT16_MIN (-32768)
#define M_PI 3.14159265358979323846
#define M_E 2.71828182845904523536
#define M_LOG2E 1.44269504088896340736
#define M_LN2 0.69314718055994530942
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.70710678118654752440
#else
#define __mlu_entry__
#define __mlu_global__
#define __mlu_device__
#define __mlu_func__
#define __mlu_host__
#define __mlu_const__
#include <cstdint>
#include "bfloat16.h"
#endif

#define __nram__ XP_SPACE("nram")
#define __wram__ XP_SPACE("wram")
#define __mlu_shared__ XP_SPACE("sram")
#define __ldram__ XP_SPACE("ldram")

typedef _Float16 half;
typedef int8_t int8;
typedef int16_t int16;
typedef int32_t int32;
typedef uint8_t uint8;
typedef uint16_t uint16;
typedef uint32_t uint32;

// Copy directions, in the vendor's order (sec 3.1).
enum mluMemcpyDirection_t {
  GDRAM2NRAM, NRAM2GDRAM, LDRAM2NRAM, NRAM2LDRAM, GDRAM2WRAM, WRAM2GDRAM, LDRAM2WRAM, WRAM2LDRAM,
  NRAM2NRAM, NRAM2WRAM, WRAM2NRAM, GDRAM2SRAM, SRAM2GDRAM, LDRAM2SRAM, SRAM2LDRAM, SRAM2NRAM,
  NRAM2SRAM, SRAM2WRAM, WRAM2SRAM, GDRAM2GDRAM, GDRAM2LDRAM, LDRAM2GDRAM, LDRAM2LDRAM, SRAM2SRAM
};

// The eight fused operations on a, b, c (sec 3.9).
enum mluFusionOpCode {
  FUSION_FMA, FUSION_FMS, FUSION_FAM, FUSION_FSM, FUSION_FAA, FUSION_FAS, FUSION_FSA, FUSION_FSS
};
