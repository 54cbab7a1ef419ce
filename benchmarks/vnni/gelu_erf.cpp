/* Exact GELU, x * Phi(x), with the error function of the C library. */
// shapes: 3_4_5 45_25 7_1_6_7
#include <math.h>

#define SIZE 1125

static inline float gelu_one(float x)
{
    return 0.5f * x * (1.0f + erff(x * (float)M_SQRT1_2));
}

extern "C" void gelu(const float *input, float *output)
{
    #pragma omp parallel for
    for (int i = 0; i < SIZE; ++i)
        output[i] = gelu_one(input[i]);
}
