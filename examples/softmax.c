/* y = softmax(x) along the rows of a row-major [rows, COLS] matrix. */
#include <math.h>

#define COLS 256

void softmax(const float* x, float* y, int rows) {
  for (int r = 0; r < rows; ++r) {
    float top = -INFINITY;
    for (int c = 0; c < COLS; ++c) {
      top = fmaxf(top, x[r * COLS + c]);
    }
    float sum = 0.0f;
    for (int c = 0; c < COLS; ++c) {
      y[r * COLS + c] = expf(x[r * COLS + c] - top);
      sum += y[r * COLS + c];
    }
    for (int c = 0; c < COLS; ++c) {
      y[r * COLS + c] = y[r * COLS + c] / sum;
    }
  }
}
