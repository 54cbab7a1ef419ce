#include <string.h>
typedef float f4 __attribute__((vector_size(16)));
typedef int i4 __attribute__((vector_size(16)));
extern "C" void axpy(const float* x, float* y, float a, int n) {
  f4 va = {a, a, a, a};
  for (int i = 0; i + 4 <= n; i += 4) {
    f4 vx, vy;
    memcpy(&vx, x + i, sizeof vx);
    memcpy(&vy, y + i, 16);
    vy = vy + va * vx;
    vy[0] += 1.0f;
    i4 m = vx > vy;
    vy = vy - (f4){0.5f, 0, 0, 0};
    vy[1] += (float)m[1];
    memcpy(y + i, &vy, sizeof(f4));
  }
}
