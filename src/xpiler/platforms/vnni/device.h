// C with AVX-512 and VNNI: vector registers and the intrinsics on them, each with a plain C++ body.
//
// Element order is memory order. Float vectors hold floats; integer vectors have no element type of their own and are
// held as 32-bit lanes, so a body that means bytes or words takes them out of the lanes by shifts, lowest first.
//
// Loading and storing integers. The vendor's functions take untyped pointers, so the element type is the buffer's:
//   _mm512_loadu_si512(p), p an int8_t*, uint8_t*, int16_t*, uint16_t*, int32_t* or uint32_t*: an overload of that
//     type, an intrinsic whose body packs the elements into lanes;
//   (const __m512i*)p or (const void*)p: an unmarked function, inlined by the reader, which loads each lane through an
//     int* and so puts it together from whatever the buffer holds.
//   The _mm256_ and _mm_ forms named si256 and si128 take vector pointers and are inlined; the typed ones are
//     loadu_epi8, loadu_epi16 and loadu_epi32.
//
// Shape of the names below: P is the prefix (_mm512, _mm256, _mm), V the vector, N its 32-bit lanes, K its mask type.
// References are to the Intel Intrinsics Guide by intrinsic name, and to the Intel SDM volume 2 by instruction.
#pragma once
#include "../c/device.h"

#include "types.h"
#include "lanes.h"
#include "set.h"
#include "load.h"
#include "load_integer.h"
#include "real.h"
#include "compare.h"
#include "masked.h"
#include "reduce.h"
#include "convert.h"
#include "integer.h"
#include "packed.h"
#include "dot.h"
#include "move.h"
#include "mask.h"
#include "set_bytes.h"
#include "bytes.h"
#include "quad.h"
#include "quad_convert.h"
#include "count.h"
#include "pair.h"
#include "bfloat.h"
#include "rearrange.h"
#include "permute.h"
#include "rounded.h"
#include "exponent.h"
#include "narrow.h"
#ifdef XP_OFFERS
#include "elementary_meanings.h"
#endif
