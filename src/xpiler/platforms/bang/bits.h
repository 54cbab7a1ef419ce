// The bits of a floating-point value as a number, and back.
#pragma once

__mlu_func__ unsigned int bits_of_float(float x) { return *(unsigned int*)&x; }
__mlu_func__ float float_of_bits(unsigned int bits) { return *(float*)&bits; }

__mlu_func__ uint16_t bits_of_half(half x) { return *(uint16_t*)&x; }
__mlu_func__ half half_of_bits(uint16_t bits) { return *(half*)&bits; }

__mlu_func__ uint16_t bits_of_bfloat16(bfloat16_t x) { return *(uint16_t*)&x; }
__mlu_func__ bfloat16_t bfloat16_of_bits(uint16_t bits) { return *(bfloat16_t*)&bits; }
