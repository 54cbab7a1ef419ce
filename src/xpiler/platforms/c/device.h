// What plain C gives a kernel: the C library, and the C++ spellings of it.
//
// A kernel is any function. memcpy and memset have bodies that copy elements, so a reader sees what they move; a run
// has the library itself. Texts are read as C++: C's own words that C++ lacks are defined here.
#pragma once
#include "../xp.h"

#include "words.h"
#include "scalar.h"
#include "bit_counts.h"
#include "memory.h"
#include "standard.h"
