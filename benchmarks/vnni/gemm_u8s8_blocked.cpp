// INT8 matrix multiply in the blocked layout inference libraries use for weights:
// [N/16][K/4][16][4], one column block after the other. Four rows of A share each load of weights.
// shapes: 1024_16_1024
#include <immintrin.h>
#include <stdint.h>

static constexpr int M = 1024;
static constexpr int K = 16;
static constexpr int N = 1024;

static constexpr int NB = 16;         // columns in a block: the int32 lanes of a zmm
static constexpr int KB = 4;          // bytes a lane of vpdpbusd reduces
static constexpr int BLOCK = K * NB;  // bytes of one column block

static_assert(M % 4 == 0 && K % KB == 0 && N % NB == 0);

static void reorder(const int8_t* B, int8_t* blocked) {
  for (int nb = 0; nb < N / NB; ++nb)
    for (int kb = 0; kb < K / KB; ++kb)
      for (int n = 0; n < NB; ++n)
        for (int k = 0; k < KB; ++k)
          *blocked++ = B[(kb * KB + k) * N + nb * NB + n];
}

// Four activations as one 32-bit word, lowest byte first.
static inline int32_t word_at(const uint8_t* p) {
  return (int32_t)(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

extern "C" void gemm(const uint8_t* act, const int8_t* wei, int32_t* dst) {
  alignas(64) static int8_t blocked[K * N];
  reorder(wei, blocked);

#pragma omp parallel for collapse(2)
  for (int m = 0; m < M; m += 4) {
    for (int nb = 0; nb < N / NB; ++nb) {
      const int8_t* w = blocked + nb * BLOCK;
      const uint8_t* a0 = act + m * K;
      const uint8_t* a1 = a0 + K;
      const uint8_t* a2 = a1 + K;
      const uint8_t* a3 = a2 + K;
      __m512i d0 = _mm512_setzero_epi32();
      __m512i d1 = _mm512_setzero_epi32();
      __m512i d2 = _mm512_setzero_epi32();
      __m512i d3 = _mm512_setzero_epi32();
      for (int k = 0; k < K; k += KB, w += NB * KB) {
        const __m512i wv = _mm512_load_si512(w);
        d0 = _mm512_dpbusd_epi32(d0, _mm512_set1_epi32(word_at(a0 + k)), wv);
        d1 = _mm512_dpbusd_epi32(d1, _mm512_set1_epi32(word_at(a1 + k)), wv);
        d2 = _mm512_dpbusd_epi32(d2, _mm512_set1_epi32(word_at(a2 + k)), wv);
        d3 = _mm512_dpbusd_epi32(d3, _mm512_set1_epi32(word_at(a3 + k)), wv);
      }
      int32_t* d = dst + m * N + nb * NB;
      _mm512_storeu_si512(d, d0);
      _mm512_storeu_si512(d + N, d1);
      _mm512_storeu_si512(d + 2 * N, d2);
      _mm512_storeu_si512(d + 3 * N, d3);
    }
  }
}
