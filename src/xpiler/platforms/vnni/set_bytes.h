// Integer vectors from single bytes and words: set gives the highest first, setr the lowest.
#pragma once

inline __m128i _mm_setr_epi8(
    char x0, char x1, char x2, char x3, char x4, char x5, char x6, char x7, char x8, char x9, char x10,
    char x11, char x12, char x13, char x14, char x15) {
  __m128i r;
  r.v[0] = xp_at8(x0, 0) | xp_at8(x1, 1) | xp_at8(x2, 2) | xp_at8(x3, 3);
  r.v[1] = xp_at8(x4, 0) | xp_at8(x5, 1) | xp_at8(x6, 2) | xp_at8(x7, 3);
  r.v[2] = xp_at8(x8, 0) | xp_at8(x9, 1) | xp_at8(x10, 2) | xp_at8(x11, 3);
  r.v[3] = xp_at8(x12, 0) | xp_at8(x13, 1) | xp_at8(x14, 2) | xp_at8(x15, 3);
  return r;
}
inline __m128i _mm_set_epi8(
    char x15, char x14, char x13, char x12, char x11, char x10, char x9, char x8, char x7, char x6, char x5,
    char x4, char x3, char x2, char x1, char x0) {
  return _mm_setr_epi8(
      x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15);
}
inline __m128i _mm_setr_epi16(
    short x0, short x1, short x2, short x3, short x4, short x5, short x6, short x7) {
  __m128i r;
  r.v[0] = xp_at16(x0, 0) | xp_at16(x1, 1);
  r.v[1] = xp_at16(x2, 0) | xp_at16(x3, 1);
  r.v[2] = xp_at16(x4, 0) | xp_at16(x5, 1);
  r.v[3] = xp_at16(x6, 0) | xp_at16(x7, 1);
  return r;
}
inline __m128i _mm_set_epi16(
    short x7, short x6, short x5, short x4, short x3, short x2, short x1, short x0) {
  return _mm_setr_epi16(
      x0, x1, x2, x3, x4, x5, x6, x7);
}
inline __m256i _mm256_setr_epi8(
    char x0, char x1, char x2, char x3, char x4, char x5, char x6, char x7, char x8, char x9, char x10,
    char x11, char x12, char x13, char x14, char x15, char x16, char x17, char x18, char x19, char x20,
    char x21, char x22, char x23, char x24, char x25, char x26, char x27, char x28, char x29, char x30, char x31) {
  __m256i r;
  r.v[0] = xp_at8(x0, 0) | xp_at8(x1, 1) | xp_at8(x2, 2) | xp_at8(x3, 3);
  r.v[1] = xp_at8(x4, 0) | xp_at8(x5, 1) | xp_at8(x6, 2) | xp_at8(x7, 3);
  r.v[2] = xp_at8(x8, 0) | xp_at8(x9, 1) | xp_at8(x10, 2) | xp_at8(x11, 3);
  r.v[3] = xp_at8(x12, 0) | xp_at8(x13, 1) | xp_at8(x14, 2) | xp_at8(x15, 3);
  r.v[4] = xp_at8(x16, 0) | xp_at8(x17, 1) | xp_at8(x18, 2) | xp_at8(x19, 3);
  r.v[5] = xp_at8(x20, 0) | xp_at8(x21, 1) | xp_at8(x22, 2) | xp_at8(x23, 3);
  r.v[6] = xp_at8(x24, 0) | xp_at8(x25, 1) | xp_at8(x26, 2) | xp_at8(x27, 3);
  r.v[7] = xp_at8(x28, 0) | xp_at8(x29, 1) | xp_at8(x30, 2) | xp_at8(x31, 3);
  return r;
}
inline __m256i _mm256_set_epi8(
    char x31, char x30, char x29, char x28, char x27, char x26, char x25, char x24, char x23, char x22,
    char x21, char x20, char x19, char x18, char x17, char x16, char x15, char x14, char x13, char x12,
    char x11, char x10, char x9, char x8, char x7, char x6, char x5, char x4, char x3, char x2, char x1, char x0) {
  return _mm256_setr_epi8(
      x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22,
      x23, x24, x25, x26, x27, x28, x29, x30, x31);
}
inline __m256i _mm256_setr_epi16(
    short x0, short x1, short x2, short x3, short x4, short x5, short x6, short x7, short x8, short x9,
    short x10, short x11, short x12, short x13, short x14, short x15) {
  __m256i r;
  r.v[0] = xp_at16(x0, 0) | xp_at16(x1, 1);
  r.v[1] = xp_at16(x2, 0) | xp_at16(x3, 1);
  r.v[2] = xp_at16(x4, 0) | xp_at16(x5, 1);
  r.v[3] = xp_at16(x6, 0) | xp_at16(x7, 1);
  r.v[4] = xp_at16(x8, 0) | xp_at16(x9, 1);
  r.v[5] = xp_at16(x10, 0) | xp_at16(x11, 1);
  r.v[6] = xp_at16(x12, 0) | xp_at16(x13, 1);
  r.v[7] = xp_at16(x14, 0) | xp_at16(x15, 1);
  return r;
}
inline __m256i _mm256_set_epi16(
    short x15, short x14, short x13, short x12, short x11, short x10, short x9, short x8, short x7, short x6,
    short x5, short x4, short x3, short x2, short x1, short x0) {
  return _mm256_setr_epi16(
      x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15);
}
inline __m512i xp_joined(__m256i low, __m256i high) {
  __m512i r;
  for (int i = 0; i < 8; ++i) {
    r.v[i] = low.v[i];
    r.v[8 + i] = high.v[i];
  }
  return r;
}
// The vendor has no setr of 512 bits in bytes or words.
inline __m512i _mm512_set_epi8(
    char x63, char x62, char x61, char x60, char x59, char x58, char x57, char x56, char x55, char x54,
    char x53, char x52, char x51, char x50, char x49, char x48, char x47, char x46, char x45, char x44,
    char x43, char x42, char x41, char x40, char x39, char x38, char x37, char x36, char x35, char x34,
    char x33, char x32, char x31, char x30, char x29, char x28, char x27, char x26, char x25, char x24,
    char x23, char x22, char x21, char x20, char x19, char x18, char x17, char x16, char x15, char x14,
    char x13, char x12, char x11, char x10, char x9, char x8, char x7, char x6, char x5, char x4, char x3,
    char x2, char x1, char x0) {
  return xp_joined(
      _mm256_setr_epi8(
      x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20,
      x21, x22, x23, x24, x25, x26, x27, x28, x29, x30, x31),
      _mm256_setr_epi8(
      x32, x33, x34, x35, x36, x37, x38, x39, x40, x41, x42, x43, x44, x45, x46, x47, x48, x49, x50,
      x51, x52, x53, x54, x55, x56, x57, x58, x59, x60, x61, x62, x63));
}
inline __m512i _mm512_set_epi16(
    short x31, short x30, short x29, short x28, short x27, short x26, short x25, short x24, short x23,
    short x22, short x21, short x20, short x19, short x18, short x17, short x16, short x15, short x14,
    short x13, short x12, short x11, short x10, short x9, short x8, short x7, short x6, short x5, short x4,
    short x3, short x2, short x1, short x0) {
  return xp_joined(
      _mm256_setr_epi16(
      x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15),
      _mm256_setr_epi16(
      x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30, x31));
}
