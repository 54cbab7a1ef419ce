// What is changed and then used as a place is changed once.
extern "C" void once(const float* x, float* y, int* counts) {
  int at = 0, twice = 0, far = 1;
  for (int i = 0; i < 4; ++i) {
    (y[at++] = x[i]) += 10.0f;
    y[i] += x[i];
    y[i] += 1.0f;
  }
  ++(++twice);
  (twice += 1) += 2;
  ((far = 3) *= 2) += 1;
  counts[0] = at;
  counts[1] = twice;
  counts[2] = far;
}
