// Bits of vectors in NRAM: logic on bytes, shifts (sec 3.15, 3.28). The forms on bytes count bytes.
#pragma once

#define XP_BYTES(M, ...) \
  M(char, __VA_ARGS__) M(signed char, __VA_ARGS__) M(unsigned char, __VA_ARGS__) M(short, __VA_ARGS__) \
  M(int, __VA_ARGS__)
XP_BYTES(XP_MAP2, __bang_band, src0[i] & src1[i])
XP_BYTES(XP_MAP2, __bang_bor, src0[i] | src1[i])
XP_BYTES(XP_MAP2, __bang_bxor, src0[i] ^ src1[i])
XP_BYTES(XP_MAP1, __bang_bnot, ~src[i])
XP_BYTES(XP_CYCLE, __bang_cycle_band, XP_CYCLE_SRC & seg[i])
XP_BYTES(XP_CYCLE, __bang_cycle_bor, XP_CYCLE_SRC | seg[i])
XP_BYTES(XP_CYCLE, __bang_cycle_bxor, XP_CYCLE_SRC ^ seg[i])
#undef XP_BYTES

#if __BANG_ARCH__ >= 300
#define XP_WHOLES(M, ...) M(char, __VA_ARGS__) M(signed char, __VA_ARGS__) M(short, __VA_ARGS__) M(int, __VA_ARGS__)
XP_WHOLES(XP_MAP_SCALAR, __bang_band_scalar, src[i] & value)
XP_WHOLES(XP_MAP_SCALAR, __bang_bor_scalar, src[i] | value)
XP_WHOLES(XP_MAP_SCALAR, __bang_bxor_scalar, src[i] ^ value)
// On the bits of floats.
#ifdef XP_READING
XP_MATH("bits.f32.i32") int xp_int_bits(float a);
XP_MATH("bits.i32.f32") float xp_float_of(int a);
XP_MATH("bits.f16.u16") unsigned short xp_half_bits(half a);
XP_MATH("bits.u16.f16") half xp_half_of(unsigned short a);
#else
template <class To, class From>
inline To xp_bits(From a) {
  static_assert(sizeof(To) == sizeof(From), "bits are kept");
  To to;
  std::memcpy(&to, &a, sizeof to);
  return to;
}
inline int xp_int_bits(bfloat16_t::single a) { return xp_bits<int>(a); }
inline bfloat16_t::single xp_float_of(int a) { return xp_bits<bfloat16_t::single>(a); }
inline unsigned short xp_half_bits(half a) { return xp_bits<unsigned short>(a); }
inline half xp_half_of(unsigned short a) { return xp_bits<half>(a); }
#endif
#define XP_FLOAT_BITS(op, name)                                                                          \
  XP_MAP_SCALAR(float, name, xp_float_of(xp_int_bits(src[i]) op xp_int_bits(value)))                     \
  XP_MAP_SCALAR(half, name, xp_half_of((unsigned short)(xp_half_bits(src[i]) op xp_half_bits(value))))
XP_FLOAT_BITS(&, __bang_band_scalar)
XP_FLOAT_BITS(|, __bang_bor_scalar)
XP_FLOAT_BITS(^, __bang_bxor_scalar)
#undef XP_FLOAT_BITS

// Every element moved by the same number of bits: sra keeps the sign.
#define XP_SHIFT(T, name, value)                                                           \
  XP_INTRINSIC inline void name(T* dst, const T* src, unsigned shift_bits, int elem_count) { \
    XP_IN_NRAM(src, elem_count);                                                           \
    XP_OUT_NRAM(dst, elem_count);                                                          \
    XP_COUNT(elem_count);                                                                  \
    XP_REQUIRE(shift_bits < 8 * sizeof(T), "`shift_bits` is not less than the bits of an element"); \
    for (int i = 0; i < elem_count; ++i) {                                                 \
      dst[i] = (T)(value);                                                                 \
    }                                                                                      \
  }
XP_WHOLES(XP_SHIFT, __bang_sll, (unsigned)src[i] << shift_bits)
XP_WHOLES(XP_SHIFT, __bang_sra, src[i] >> shift_bits)
XP_NATURALS(XP_SHIFT, __bang_srl, src[i] >> shift_bits)
#undef XP_SHIFT
#undef XP_WHOLES
#endif

// Comparisons whose bit i is that of element i, lowest first: eight to a byte of dst. No typed store says so.
#ifdef XP_READING
#define XP_BITINDEX(T, name, op) \
  XP_INTRINSIC void __bang_##name##_bitindex(T* dst, const T* src0, const T* src1, int elem_count);
#else
#define XP_BITINDEX(T, name, op)                                                                   \
  inline void __bang_##name##_bitindex(T* dst, const T* src0, const T* src1, int elem_count) {     \
    XP_IN_NRAM(src0, elem_count);                                                                  \
    XP_IN_NRAM(src1, elem_count);                                                                  \
    XP_COUNT(elem_count);                                                                          \
    XP_WHOLE(elem_count, 8, "`elem_count`");                                                       \
    XP_WHOLE_2XX(elem_count, 512, "`elem_count`");                                                 \
    auto* bytes = (unsigned char*)dst;                                                             \
    XP_OUT_NRAM(bytes, elem_count / 8);                                                            \
    for (int b = 0; b < elem_count / 8; ++b) {                                                     \
      unsigned byte = 0;                                                                           \
      for (int i = 0; i < 8; ++i) byte |= unsigned(src0[b * 8 + i] op src1[b * 8 + i]) << i;       \
      bytes[b] = (unsigned char)byte;                                                              \
    }                                                                                              \
  }
#endif
#define XP_BITINDICES(name, op) XP_FLOATS(XP_BITINDEX, name, op)
XP_BITINDICES(eq, ==)
XP_BITINDICES(ne, !=)
XP_BITINDICES(lt, <)
XP_BITINDICES(le, <=)
XP_BITINDICES(gt, >)
XP_BITINDICES(ge, >=)
#undef XP_BITINDICES
#undef XP_BITINDEX

// The src[i] whose bit is set, packed to the front of dst; returns how many.
#ifdef XP_READING
#define XP_FILTER_BITS(T, name) XP_INTRINSIC unsigned name(T* dst, const T* src, const void* bitmask, int elem_count);
#else
#define XP_FILTER_BITS(T, name)                                                                    \
  inline unsigned name(T* dst, const T* src, const void* bitmask, int elem_count) {                \
    auto* bits = (const unsigned char*)bitmask;                                                    \
    XP_COUNT(elem_count);                                                                          \
    XP_WHOLE_2XX(elem_count, 512, "`elem_count`");                                                 \
    XP_IN_NRAM(src, elem_count);                                                                   \
    XP_IN_NRAM(bits, (elem_count + 7) / 8);                                                        \
    XP_OUT_NRAM(dst, elem_count);                                                                  \
    unsigned kept = 0;                                                                             \
    for (int i = 0; i < elem_count; ++i) {                                                         \
      if (bits[i / 8] >> (i % 8) & 1) dst[kept++] = src[i];                                        \
    }                                                                                              \
    XP_DONE;                                                                                       \
    return kept;                                                                                   \
  }
#endif
XP_FLOATS(XP_FILTER_BITS, __bang_filter_bitindex)
#undef XP_FILTER_BITS

// For each byte b < size: dst[b] = src[b] where bit b of the mask is set.
#ifdef XP_READING
XP_INTRINSIC void __bang_maskmove(void* dst, const void* src, const void* mask, int size);
#else
inline void __bang_maskmove(void* to, const void* from, const void* bitmask, int size) {
  auto* dst = (unsigned char*)to;
  auto* src = (const unsigned char*)from;
  auto* mask = (const unsigned char*)bitmask;
  XP_COUNT(size);
  XP_WHOLE(size, 8, "`size`");
  XP_WHOLE_2XX(size, 1024, "`size`");
  XP_IN_NRAM(src, size);
  XP_IN_NRAM(mask, size / 8);
  XP_OUT_NRAM(dst, size);
  for (int b = 0; b < size; ++b) {
    if (mask[b / 8] >> (b % 8) & 1) dst[b] = src[b];
  }
}
#endif
