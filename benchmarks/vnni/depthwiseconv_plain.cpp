// Depthwise convolution, one image in HWC order, stride 1, no padding.
// shapes: 6_3_3 192_3_3

const int H = 6;
const int K = 3;
const int C = 3;
const int OH = H - K + 1;

extern "C" void depthwiseconv(const float* input, const float* kernel, float* output) {
#pragma omp parallel for collapse(2)
  for (int i = 0; i < OH; ++i)
    for (int j = 0; j < OH; ++j)
      for (int c = 0; c < C; ++c) {
        float sum = 0.0f;
        for (int ki = 0; ki < K; ++ki)
          for (int kj = 0; kj < K; ++kj)
            sum += input[((i + ki) * H + (j + kj)) * C + c] * kernel[(ki * K + kj) * C + c];
        output[(i * OH + j) * C + c] = sum;
      }
}
