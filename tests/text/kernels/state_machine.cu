#include <cuda_runtime.h>
enum class State : int { Start, InWord, InNumber, Done };
__global__ void count_words(const char* text, int* words, int* numbers, int len) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  const char* p = text + row * len;
  const char* end = p + len;
  State s = State::Start;
  int w = 0, d = 0;
  while (p != end) {
    char c = *p++;
    bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool digit = c >= '0' && c <= '9';
    switch (s) {
      case State::Start:
        if (alpha) { s = State::InWord; w++; }
        else if (digit) { s = State::InNumber; d++; }
        break;
      case State::InWord:
        if (!alpha && !digit) s = State::Start;
        break;
      case State::InNumber:
        if (alpha) { s = State::InWord; ++w; }
        else if (!digit) s = State::Start;
        break;
      default: break;
    }
  }
  words[row] = w; numbers[row] = d;
}
extern "C" void scan_text(const char* text, int* words, int* numbers, int len) {
  char* t; int *w, *d;
  cudaMalloc(&t, 64 * len); cudaMalloc(&w, 64 * sizeof(int)); cudaMalloc(&d, 64 * sizeof(int));
  cudaMemcpy(t, text, 64 * len, cudaMemcpyHostToDevice);
  count_words<<<2, 32>>>(t, w, d, len);
  cudaMemcpy(words, w, 64 * sizeof(int), cudaMemcpyDeviceToHost);
  cudaMemcpy(numbers, d, 64 * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(t); cudaFree(w); cudaFree(d);
}
