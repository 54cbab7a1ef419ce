// The bits of a floating-point value as a number, and back.
#pragma once

static inline unsigned int bits_of_float(float x) {
  unsigned int bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}
static inline float float_of_bits(unsigned int bits) {
  float x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

static inline uint64_t bits_of_double(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}
static inline double double_of_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

static inline uint16_t bits_of_half(_Float16 x) {
  uint16_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}
static inline _Float16 half_of_bits(uint16_t bits) {
  _Float16 x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}
