// What CUDA and HIP share: words, types, scalar functions, atomics and the shape of the host runtime.
//
// The platform's device.h defines XP_API(name), which makes a runtime name out of its tail (Malloc -> cudaMalloc),
// and XP_WARP, the number of lanes, before it includes this file.
#pragma once
#include "xp.h"

#include "simt_words.h"
#include "simt_vectors.h"
#include "simt_scalar.h"
#include "simt_order.h"
#include "simt_narrow.h"
#include "simt_bits.h"
#include "simt_atomics.h"
#include "simt_host.h"
#include "simt_standard.h"
