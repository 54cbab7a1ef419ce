// What BANG C gives a kernel: built-in variables, memory spaces and intrinsics, each with a plain C++ body.
//
// Architecture: mtp_592. Element-wise operations take any element count and any address; the rules that remain on
// this architecture are the XP_REQUIREs. Section numbers are those of the BANG C 4.5.1 developer guide.
#pragma once
#include "../xp.h"

#ifdef XP_READING
#pragma clang force_cuda_host_device begin
#endif

#define __BANG__ 1
#define __MLU__ 1
#define __BANG_ARCH__ 592
#define __MLU_NRAM_SIZE__ 512
#define __MLU_WRAM_SIZE__ 512
#define __MLU_SRAM_SIZE__ 2048

#include "types.h"
#include "scalar.h"
#include "parallel.h"
#include "rules.h"
#include "memory.h"
#include "rows.h"
#include "vector.h"
#include "fusion.h"
#include "compare.h"
#include "activation.h"
#include "reduce.h"
#include "pool.h"
#include "layout.h"
#include "matrix.h"
#include "convert.h"
#include "select.h"
#include "atomic.h"
#include "host.h"
#include "offers.h"
