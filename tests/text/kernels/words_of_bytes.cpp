// Arrays of bytes and of halves that instructions take words from; a function that only members call.
#include <immintrin.h>
#include <stdint.h>

namespace {
inline __m512i halved(__m512i v) { return _mm512_srli_epi32(v, 1); }

struct Luma {
  __m512i operator()(__m512i pixels) const {
    const __m512i weights = _mm512_set1_epi32(38 | 75 << 8 | 15 << 16);
    return halved(_mm512_dpbusd_epi32(_mm512_setzero_si512(), pixels, weights));
  }
};

template <class Of>
inline void row(const uint8_t* pixels, int* out, size_t n, Of of) {
  size_t i = 0;
  while (i + 32 <= n) {
    for (int step = 0; step < 2 && i + 16 <= n; ++step, i += 16)
      _mm512_storeu_si512(out + i, of(_mm512_loadu_si512(pixels + 4 * i)));
  }
  for (; i < n; i += 16) {
    const __mmask16 m = n - i >= 16 ? 0xFFFF : (1u << (n - i)) - 1;
    _mm512_mask_storeu_epi32(out + i, m, of(_mm512_maskz_loadu_epi32(m, pixels + 4 * i)));
  }
}
}  // namespace

extern "C" void words_of_bytes(const uint8_t* pixels, int* out, const _Float16* h, float* wide, int rows, int n) {
  for (int r = 0; r < rows; ++r) row(pixels + (size_t)r * n * 4, out + (size_t)r * n, (size_t)n, Luma());
  const __mmask16 m = (1u << 13) - 1;
  _mm512_mask_storeu_ps(wide, m, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, h)));
}
