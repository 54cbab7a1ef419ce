/* sign(x) = (x > 0) - (x < 0) */
// shapes: 3_4_5 7_1_6_7 45_25

#define SIZE 294

extern "C" void sign(const float *in, float *out)
{
    #pragma omp simd
    for (int i = 0; i < SIZE; i++)
        out[i] = (float)((in[i] > 0.0f) - (in[i] < 0.0f));
}
