// What is left of a row counts down while pointers advance: in blocks, vectors, a masked rest, and one by one.
#include <immintrin.h>
#include <algorithm>
#include <cmath>

static float total(const float* p, size_t n) {
  const float* end = p + n;
  __m512 acc = _mm512_setzero_ps();
  for (; p + 16 <= end; p += 16) acc = _mm512_add_ps(acc, _mm512_loadu_ps(p));
  float s = _mm512_reduce_add_ps(acc);
  while (p < end) s += *p++;
  return s;
}

static void last(const float* p, float* q, long left) {
  for (; left >= 16; left -= 16, p += 16, q += 16) _mm512_storeu_ps(q, _mm512_sqrt_ps(_mm512_loadu_ps(p)));
  while (left-- > 0) *q++ = std::sqrt(*p++);
}

extern "C" void counting_down(const float* x, float* y, float* sums, int rows, int n) {
  if (rows <= 0 || n <= 0) return;
  const int half = n / 2;
  for (int r = 0; r < rows; ++r) {
    for (int b = 0; b < (half + 255) / 256; ++b) {
      int left = std::min(256, half - b * 256);
      const float* p = x + (size_t)r * n + b * 256;
      float* q = y + (size_t)r * n + b * 256;
      while (left >= 32) {
        _mm512_storeu_ps(q, _mm512_sqrt_ps(_mm512_loadu_ps(p)));
        _mm512_storeu_ps(q + 16, _mm512_sqrt_ps(_mm512_loadu_ps(p + 16)));
        p += 32;
        q += 32;
        left -= 32;
      }
      while (left > 0) {
        const __mmask16 m = static_cast<__mmask16>((1u << std::min(left, 16)) - 1u);
        _mm512_mask_storeu_ps(q, m, _mm512_sqrt_ps(_mm512_maskz_loadu_ps(m, p)));
        p += 16;
        q += 16;
        left -= 16;
      }
    }
    last(x + (size_t)r * n + half, y + (size_t)r * n + half, n - half);
    sums[r] = total(x + (size_t)r * n, n);
  }
}
