// What CUDA and HIP share: words, types, scalar functions, atomics and the shape of the host runtime.
//
// The platform's device.h defines XP_API(name), which makes a runtime name out of its tail (Malloc -> cudaMalloc),
// and XP_WARP, the number of lanes, before it includes this file.
#pragma once
#include "xp.h"

// XP_WIDE: the double twin of a function of the same name for float; where every float is a double there is but one.
#ifdef XP_REAL_F64
#define XP_WIDE(...)
#else
#define XP_WIDE(...) __VA_ARGS__
#endif

#include "simt_words.h"
#include "simt_vectors.h"
#include "simt_bits.h"
#include "simt_scalar.h"
#include "simt_special.h"
#include "simt_order.h"
#include "simt_rounding.h"
#include "simt_convert.h"
#include "simt_narrow.h"
#include "simt_narrow_bits.h"
#include "simt_narrow_convert.h"
#include "simt_narrow_math.h"
#include "simt_packed.h"
#include "simt_fused.h"
#include "simt_load.h"
#include "simt_atomics.h"
#include "simt_host.h"
#include "simt_launch.h"
#include "simt_standard.h"
