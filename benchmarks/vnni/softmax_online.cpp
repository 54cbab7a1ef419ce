// Softmax in two passes instead of three: the running sum is rescaled whenever the running maximum
// grows (Milakov and Gimelshein, "Online normalizer calculation for softmax").
// shapes: 45_25
#include <math.h>

static const int ROWS = 45;
static const int COLS = 25;

extern "C" void softmax(const float *in, float *out)
{
    for (int r = 0; r < ROWS; ++r, in += COLS, out += COLS) {
        float m = -INFINITY;
        float d = 0.0f;
        for (int c = 0; c < COLS; ++c) {
            const float m_new = fmaxf(m, in[c]);
            d = d * expf(m - m_new) + expf(in[c] - m_new);
            m = m_new;
        }
        const float scale = 1.0f / d;
#pragma omp simd
        for (int c = 0; c < COLS; ++c)
            out[c] = expf(in[c] - m) * scale;
    }
}
