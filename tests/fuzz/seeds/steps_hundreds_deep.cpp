#define N 64
#define IDX(x, y) ((x) * N + (y))
#include <immintrin.h>
#include <math.h>
template <typename T> static int h1(int x, T y) { return (((75 == x) << (-1 * x)), (x <<= 1)); }
static int h2(int x, float y) { return ((62 && 50) - 0x7fffffff); }
extern "C" void k(const float* a, float* b, int* c, int n) {
  float s = 0; for (int i = 0; i < n; ++i) {
  for (int k3 = 0; k3 < 8; k3 /= 2) {
    float& p4 = b[i]; 
  }
  out: ;
  fmaxf(*(a + (64 + i)), expf((0.0f / (float)n)));
  float t5[4];
  fmaxf(fabsf(erff(0.5)), -0.0f);
  switch ((n++)) { case 0: b[i] = a[i]; break; case 1: c[017] = (((*(a +------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------ n) - *(a + 2)) * ((0.0f / 1.0f) * 1e-45f)) * (((3.f - 1e308) * -(float)i) * (sinf(0.5) * (1e38f * 3.f))));  }
}
}
