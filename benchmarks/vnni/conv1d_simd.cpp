// Three-tap valid convolution; small enough to leave to the compiler.
// shapes: 44_46 5_7

constexpr int OUT = 44;
constexpr int IN = 46;
constexpr int TAPS = 3;

static_assert(IN == OUT + TAPS - 1);

extern "C" void conv1d(const float* __restrict signal, const float* __restrict taps,
                       float* __restrict result) {
#pragma omp simd
  for (int i = 0; i < OUT; ++i) {
    result[i] = taps[0] * signal[i] + taps[1] * signal[i + 1] + taps[2] * signal[i + 2];
  }
}
