// Adds two flat float arrays; threads and vectors both come from the directive.
// shapes: 3_3_256 64

#define SIZE 2304

extern "C" void add(const float *A, const float *B, float *C)
{
    #pragma omp parallel for simd
    for (int idx = 0; idx < SIZE; ++idx) {
        C[idx] = A[idx] + B[idx];
    }
}
