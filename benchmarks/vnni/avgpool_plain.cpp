// Average pooling, plain loops with the channels innermost.
// shapes: 4_56_56_128_5_5_2_2 16_112_112_64_5_5_3_3

static const int N = 4;
static const int H = 56;
static const int W = 56;
static const int C = 128;
static const int K = 5;
static const int S = 2;
static const int HO = (H - K) / S + 1;
static const int WO = (W - K) / S + 1;

extern "C" void avgpool(const float *input, float *output) {
  #pragma omp parallel for
  for (int n = 0; n < N; n++) {
    for (int i = 0; i < HO; i++) {
      for (int j = 0; j < WO; j++) {
        float sum[C] = {0};
        for (int kh = 0; kh < K; kh++) {
          for (int kw = 0; kw < K; kw++) {
            const float *pixel = input + ((n * H + i * S + kh) * W + j * S + kw) * C;
            for (int c = 0; c < C; c++) sum[c] += pixel[c];
          }
        }
        for (int c = 0; c < C; c++) {
          output[((n * HO + i) * WO + j) * C + c] = sum[c] / (K * K);
        }
      }
    }
  }
}
