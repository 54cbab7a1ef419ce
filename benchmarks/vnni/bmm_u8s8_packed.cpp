// Batched u8 x s8 -> s32 product. Each batch's right-hand side is interleaved to groups of four k
// for vpdpbusd by byte shuffles of four rows at a time, then two rows of A use every load of it.
// shapes: 1_512_512_512 4_512_512_512
#include <immintrin.h>
#include <cstdint>
#include <cstring>

constexpr int B = 1;
constexpr int M = 512;
constexpr int K = 512;
constexpr int N = 512;

static_assert(M % 2 == 0 && K % 4 == 0 && N % 16 == 0, "");

// Four rows of sixteen bytes -> sixteen groups of four bytes, one of every row.
static inline void interleave(const int8_t* rows, int8_t* out) {
  const __m128i r0 = _mm_loadu_si128((const __m128i*)(rows));
  const __m128i r1 = _mm_loadu_si128((const __m128i*)(rows + N));
  const __m128i r2 = _mm_loadu_si128((const __m128i*)(rows + 2 * N));
  const __m128i r3 = _mm_loadu_si128((const __m128i*)(rows + 3 * N));
  const __m128i lo01 = _mm_unpacklo_epi8(r0, r1), hi01 = _mm_unpackhi_epi8(r0, r1);
  const __m128i lo23 = _mm_unpacklo_epi8(r2, r3), hi23 = _mm_unpackhi_epi8(r2, r3);
  _mm_storeu_si128((__m128i*)(out), _mm_unpacklo_epi16(lo01, lo23));
  _mm_storeu_si128((__m128i*)(out + 16), _mm_unpackhi_epi16(lo01, lo23));
  _mm_storeu_si128((__m128i*)(out + 32), _mm_unpacklo_epi16(hi01, hi23));
  _mm_storeu_si128((__m128i*)(out + 48), _mm_unpackhi_epi16(hi01, hi23));
}

static inline __m512i four(const uint8_t* p) {
  int32_t w;
  memcpy(&w, p, 4);
  return _mm512_set1_epi32(w);
}

extern "C" void bmm(const uint8_t* a, const int8_t* w, int32_t* c) {
  alignas(64) static int8_t packed[K * N];

  for (int b = 0; b < B; ++b) {
    for (int k = 0; k < K; k += 4)
      for (int n = 0; n < N; n += 16)
        interleave(w + (b * K + k) * N + n, packed + k * N + n * 4);

#pragma omp parallel for
    for (int m = 0; m < M; m += 2) {
      const uint8_t* a0 = a + (b * M + m) * K;
      const uint8_t* a1 = a0 + K;
      for (int n = 0; n < N; n += 16) {
        __m512i s0 = _mm512_setzero_si512();
        __m512i s1 = _mm512_setzero_si512();
        for (int k = 0; k < K; k += 4) {
          const __m512i v = _mm512_load_si512(packed + k * N + n * 4);
          s0 = _mm512_dpbusd_epi32(s0, four(a0 + k), v);
          s1 = _mm512_dpbusd_epi32(s1, four(a1 + k), v);
        }
        _mm512_storeu_si512(c + (b * M + m) * N + n, s0);
        _mm512_storeu_si512(c + (b * M + m + 1) * N + n, s1);
      }
    }
  }
}
