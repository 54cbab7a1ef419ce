// Layer norm with OpenMP reductions; no intrinsics.
// shapes: 2_4_32 2_8_32

#include <math.h>

const int B = 2;
const int L = 4;
const int D = 32;

extern "C" void layernorm(const float* inp, const float* scale, const float* shift, float* out) {
  #pragma omp parallel for
  for (int t = 0; t < B * L; t++) {
    const float* row = &inp[t * D];
    float mean = 0.0f, var = 0.0f;

    #pragma omp simd reduction(+ : mean)
    for (int i = 0; i < D; i++) mean += row[i];
    mean /= D;

    #pragma omp simd reduction(+ : var)
    for (int i = 0; i < D; i++) {
      float diff = row[i] - mean;
      var += diff * diff;
    }
    var /= D;

    float s = 1.0f / sqrtf(var + 1e-5f);
    for (int i = 0; i < D; i++) out[t * D + i] = (row[i] - mean) * s * scale[i] + shift[i];
  }
}
