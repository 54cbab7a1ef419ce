// C = A * B, unsigned 8-bit x signed 8-bit -> 32-bit, row-major: VNNI.
// vpdpbusd multiplies four unsigned bytes of its second operand with four signed bytes of its third
// and adds them to a 32-bit lane. B is packed first so that a 64-byte load holds four consecutive k
// for sixteen consecutive n.
#include <immintrin.h>
#include <stdint.h>

static const int M = 128;
static const int N = 128;
static const int K = 128;

// The same four bytes in every 32-bit lane.
static inline __m512i broadcast4(const uint8_t* p) {
  const uint32_t four = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
  return _mm512_set1_epi32((int)four);
}

extern "C" void gemm_u8s8(const uint8_t* A, const int8_t* B, int32_t* C) {
  alignas(64) int8_t packed[K / 4 * N * 4];
  for (int k = 0; k < K; ++k) {
    for (int n = 0; n < N; ++n) {
      packed[(k / 4 * N + n) * 4 + k % 4] = B[k * N + n];
    }
  }

#pragma omp parallel for
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n < N; n += 16) {
      __m512i acc = _mm512_setzero_si512();
      for (int k = 0; k < K; k += 4) {
        const __m512i a = broadcast4(A + m * K + k);
        const __m512i b = _mm512_load_si512(packed + (k / 4 * N + n) * 4);
        acc = _mm512_dpbusd_epi32(acc, a, b);
      }
      _mm512_storeu_si512(C + m * N + n, acc);
    }
  }
}
