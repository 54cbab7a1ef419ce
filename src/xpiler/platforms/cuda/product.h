// How mma_sync runs: the lanes put their parts of A and B in the warp's scratch memory, then each works out its part
// of D. Same sums in the same order as the meaning.
#pragma once
#ifndef XP_READING

// The lanes must agree on everything they give: addresses, leading dimensions, layouts, and tiles. A tile is known by
// the operation that made it, as all that its lanes hold of it came from there.
template <int Count>
unsigned xp_warp_call(const xp::Operand (&operands)[Count]) {
  XP_REQUIRE(blockDim.x * blockDim.y * blockDim.z % XP_WARP == 0, "a matrix operation needs whole warps");
  return xp::together(operands, Count);
}

// Operands in the type they are multiplied in.
template <class To, class From>
inline void xp_widen(const From* from, To* to, int count) {
  for (int i = 0; i < count; ++i) to[i] = (To)from[i];
}

// The 16-bit reals by hand: without F16C the compiler calls a function for each. A count is a multiple of 4.
inline void xp_widen_bits(const void* from, xp_f32* to, int count, bool is_half) {
  typedef unsigned short Narrow __attribute__((vector_size(8)));
  typedef unsigned Wide __attribute__((vector_size(16)));
  typedef xp_f32 Real __attribute__((vector_size(16)));
  const xp_f32 rebias = 0x1p112, above = 65536;
  for (int i = 0; i < count; i += 4) {
    Narrow n;
    std::memcpy(&n, static_cast<const char*>(from) + 2 * i, sizeof(n));
    Wide w = __builtin_convertvector(n, Wide);
    Wide bits = w << 16;
    if (is_half) {
      Real r = (Real)((w & 0x7fff) << 13) * rebias;
      bits = (Wide)r | ((Wide)(r >= above) & 0x7f800000) | ((w & 0x8000) << 16);
    }
    std::memcpy(to + i, &bits, sizeof(bits));
  }
}
inline void xp_widen(const half* from, xp_f32* to, int count) { xp_widen_bits(from, to, count, true); }
inline void xp_widen(const xp_bf16* from, xp_f32* to, int count) { xp_widen_bits(from, to, count, false); }

template <class T, class Sum>
using xp_operand = std::conditional_t<sizeof(T) == 2, xp_f32, Sum>;

template <int M, int N, int K, class Sum, class D, class T, class C>
__attribute__((optimize("O3"))) unsigned xp_product(D* d, const T* a, const T* b, const C* c,
                                                    const xp::Operand (&operands)[4]) {
  constexpr int own_a = M * K / XP_WARP, own_b = K * N / XP_WARP, own = M * N / XP_WARP;
  using Wide = xp_operand<T, Sum>;
  Wide* tile_a = static_cast<Wide*>(xp::warp_scratch((M * K + K * N) * sizeof(Wide)));
  Wide* tile_b = tile_a + M * K;
  const int lane = int(xp::lane());
  xp_widen(a, tile_a + lane * own_a, own_a);
  xp_widen(b, tile_b + lane * own_b, own_b);
  const unsigned made = xp_warp_call(operands);
  const Wide* row = tile_a + lane * own / N * K;
  const Wide* columns = tile_b + lane * own % N;
  Sum sums[own];
  for (int t = 0; t < own; ++t) sums[t] = (Sum)c[t];
  for (int k = 0; k < K; ++k)
    for (int t = 0; t < own; ++t) sums[t] += (Sum)row[k] * (Sum)columns[k * N + t];
  for (int t = 0; t < own; ++t) d[t] = (D)sums[t];
  xp::barrier_warp(0xffffffffu);
  return made;
}
#endif
