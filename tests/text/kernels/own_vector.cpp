// Memory in a vector of the C++ library, loops over arrays, and lanes in three sizes of steps.
#include <immintrin.h>
#include <vector>

static const float WEIGHTS[3] = {0.25f, 0.5f, 0.25f};

extern "C" void own_vector(const float* x, float* y, int rows, int n) {
  std::vector<float> sums(rows);
  for (int r = 0; r < rows; ++r) {
    const float* p = x + r * n;
    __m512 acc[2];
    for (auto& a : acc) a = _mm512_setzero_ps();
    int i = 0;
    for (; i + 32 <= n; i += 32)
      for (int u = 0; u < 2; ++u) acc[u] = _mm512_add_ps(acc[u], _mm512_loadu_ps(p + i + 16 * u));
    if (i + 16 <= n) {
      acc[0] = _mm512_add_ps(acc[0], _mm512_loadu_ps(p + i));
      i += 16;
    }
    if (i < n) acc[1] = _mm512_add_ps(acc[1], _mm512_maskz_loadu_ps(_cvtu32_mask16((1u << (n - i)) - 1u), p + i));
    sums[r] = _mm512_reduce_add_ps(_mm512_add_ps(acc[0], acc[1]));
  }
  for (size_t r = 0; r < sums.size(); ++r) {
    float weighted = 0.0f;
    for (float w : WEIGHTS) {
      w *= sums[r];
      weighted += w;
    }
    y[r] = weighted;
  }
}
