// What BANG C gives a kernel: built-in variables, memory spaces and intrinsics, each with a plain C++ body.
//
// Architecture: __BANG_ARCH__, mtp_592 unless chosen otherwise. An intrinsic that the architecture lacks is not
// declared; rules of alignment and count that only some have are in rules.h. Section numbers are those of the BANG C
// 4.5.1 developer guide.
#pragma once
#include "../xp.h"

#ifdef XP_READING
#pragma clang force_cuda_host_device begin
#endif

#define __BANG__ 1
#define __MLU__ 1

#include "arch.h"
#include "../type_traits.h"
#include "types.h"
#include "scalar.h"
#include "parallel.h"
#include "rules.h"
#include "memory.h"
#include "fill.h"
#include "rows.h"
#include "vector.h"
#include "fusion.h"
#include "compare.h"
#include "bitwise.h"
#include "integer.h"
#include "activation.h"
#include "reduce.h"
#include "pool.h"
#include "layout.h"
#include "matrix.h"
#include "convert.h"
#include "select.h"
#include "gather.h"
#include "atomic.h"
#include "library.h"  // after the intrinsics: of two that do the same, a translation takes the first
#include "host.h"
#include "offers.h"

#ifdef XP_READING
#pragma clang force_cuda_host_device end
#endif
