// Arithmetic on masks.
#pragma once

#define XP_MASKS(bits)                                                                                    \
  inline __mmask##bits _kand_mask##bits(__mmask##bits a, __mmask##bits b) { return (__mmask##bits)(a & b); } \
  inline __mmask##bits _kor_mask##bits(__mmask##bits a, __mmask##bits b) { return (__mmask##bits)(a | b); }  \
  inline __mmask##bits _kxor_mask##bits(__mmask##bits a, __mmask##bits b) { return (__mmask##bits)(a ^ b); } \
  inline __mmask##bits _kandn_mask##bits(__mmask##bits a, __mmask##bits b) { return (__mmask##bits)(~a & b); } \
  inline __mmask##bits _knot_mask##bits(__mmask##bits a) { return (__mmask##bits)~a; }
XP_MASKS(8)
XP_MASKS(16)
XP_MASKS(32)
XP_MASKS(64)
#undef XP_MASKS
inline __mmask16 _mm512_kand(__mmask16 a, __mmask16 b) { return (__mmask16)(a & b); }
inline __mmask16 _mm512_kor(__mmask16 a, __mmask16 b) { return (__mmask16)(a | b); }
inline __mmask16 _mm512_kxor(__mmask16 a, __mmask16 b) { return (__mmask16)(a ^ b); }
inline __mmask16 _mm512_knot(__mmask16 a) { return (__mmask16)~a; }
inline int _mm512_mask2int(__mmask16 a) { return (int)a; }
inline __mmask16 _mm512_int2mask(int a) { return (__mmask16)a; }
inline unsigned _cvtmask8_u32(__mmask8 a) { return a; }
inline unsigned _cvtmask16_u32(__mmask16 a) { return a; }
inline unsigned _cvtmask32_u32(__mmask32 a) { return a; }
inline __mmask8 _cvtu32_mask8(unsigned a) { return (__mmask8)a; }
inline __mmask16 _cvtu32_mask16(unsigned a) { return (__mmask16)a; }
inline __mmask32 _cvtu32_mask32(unsigned a) { return a; }
inline __mmask64 _cvtu64_mask64(unsigned long long a) { return a; }
