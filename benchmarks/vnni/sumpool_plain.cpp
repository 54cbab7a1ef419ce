// Sum over square windows, NHWC.
// shapes: 5_32_32_64_5_5_3_3 16_64_64_64_5_5_2_2

constexpr int N = 5;
constexpr int H = 32;
constexpr int W = 32;
constexpr int C = 64;
constexpr int K = 5;
constexpr int S = 3;
constexpr int OUT_H = (H - K) / S + 1;
constexpr int OUT_W = (W - K) / S + 1;

extern "C" void sumpool(const float* a, float* b) {
  for (int n = 0; n < N; ++n)
#pragma omp parallel for collapse(2)
    for (int i = 0; i < OUT_H; ++i)
      for (int j = 0; j < OUT_W; ++j)
        for (int c = 0; c < C; ++c) {
          float total = 0;
          for (int p = 0; p < K; ++p)
            for (int q = 0; q < K; ++q)
              total += a[n * H * W * C + (i * S + p) * W * C + (j * S + q) * C + c];
          b[n * OUT_H * OUT_W * C + i * OUT_W * C + j * C + c] = total;
        }
}
