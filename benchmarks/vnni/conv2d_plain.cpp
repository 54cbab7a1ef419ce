// Seven nested loops, NHWC. Baseline for the optimised kernels.
// shapes: 32_8_8_64_64_2_2_64_3_0

const int N = 32;
const int H = 8;
const int W = 8;
const int C = 64;
const int O = 64;
const int KH = 2;
const int KW = 2;
const int STRIDE = 3;
const int OUT_H = (H - KH) / STRIDE + 1;
const int OUT_W = (W - KW) / STRIDE + 1;

extern "C" void conv2d(const float *input, const float *kernel, float *output)
{
    #pragma omp parallel for collapse(4)
    for (int n = 0; n < N; n++)
        for (int h = 0; h < OUT_H; h++)
            for (int w = 0; w < OUT_W; w++)
                for (int o = 0; o < O; o++) {
                    float sum = 0.0f;
                    for (int kh = 0; kh < KH; kh++)
                        for (int kw = 0; kw < KW; kw++)
                            for (int c = 0; c < C; c++)
                                sum += input[((n * H + h * STRIDE + kh) * W + w * STRIDE + kw) * C + c]
                                     * kernel[((o * KH + kh) * KW + kw) * C + c];
                    output[((n * OUT_H + h) * OUT_W + w) * O + o] = sum;
                }
}
