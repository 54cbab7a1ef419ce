// The matrix operations of a warp (Programming Guide, "Warp Matrix Functions").
//
// Addresses are aligned to 32 bytes, leading dimensions count elements and are multiples of 16 bytes, and all lanes of
// the warp call together.
#pragma once

#ifdef XP_READING
#define XP_LOADED(tile, p, ldm, layout)
#define XP_STORED(tile, p, ldm, layout)
#else
#define XP_ADDRESS(p, ldm)                                                                                     \
  XP_REQUIRE(reinterpret_cast<std::uintptr_t>(p) % 32 == 0, "the tile's address is not a multiple of 32 bytes"); \
  XP_REQUIRE((ldm) * int(sizeof(*(p))) % 16 == 0, "the leading dimension is not a multiple of 16 bytes")
#define XP_GIVEN(p, ldm, layout)                                                                              \
  {"operation", xp::operand(__PRETTY_FUNCTION__)}, {"address", xp::operand(p)},                               \
      {"leading dimension", xp::operand(ldm)}, {"layout", xp::operand(layout)}
#define XP_LOADED(tile, p, ldm, layout) \
  XP_ADDRESS(p, ldm);                   \
  (tile).xp_made = xp_warp_call({XP_GIVEN(p, ldm, layout)})
#define XP_STORED(tile, p, ldm, layout) \
  XP_ADDRESS(p, ldm);                   \
  xp_warp_call({XP_GIVEN(p, ldm, layout), {"tile", (tile).xp_made}})
#endif

namespace nvcuda {
namespace wmma {

// Every element of the tile becomes `value`.
template <class Use, int M, int N, int K, class T, class Layout>
XP_INTRINSIC inline void fill_fragment(fragment<Use, M, N, K, T, Layout>& a,
                                       typename fragment<Use, M, N, K, T, Layout>::element_type value) {
  for (int e = 0; e < a.num_elements; ++e) a.x[e] = value;
}

// A's tile is M x K, B's K x N; element (r, c) is at p[r * ldm + c], or at p[c * ldm + r] for col_major.
#define XP_LOADS(Tag, T)                                                                                     \
  template <int M, int N, int K>                                                                             \
  XP_INTRINSIC inline void load_matrix_sync(fragment<matrix_a, M, N, K, Tag, row_major>& a, const T* p,      \
                                            int ldm) {                                                  \
    XP_LOADED(a, p, ldm, 0);                                                                                    \
    XP_EACH(M, K) a.x[XP_HERE(K)] = p[r * ldm + c];                                                         \
  } \
  template <int M, int N, int K>                                                                             \
  XP_INTRINSIC inline void load_matrix_sync(fragment<matrix_a, M, N, K, Tag, col_major>& a, const T* p,      \
                                            int ldm) {                                                  \
    XP_LOADED(a, p, ldm, 0);                                                                                    \
    XP_EACH(M, K) a.x[XP_HERE(K)] = p[c * ldm + r];                                                         \
  } \
  template <int M, int N, int K>                                                                             \
  XP_INTRINSIC inline void load_matrix_sync(fragment<matrix_b, M, N, K, Tag, row_major>& b, const T* p,      \
                                            int ldm) {                                                  \
    XP_LOADED(b, p, ldm, 0);                                                                                    \
    XP_EACH(K, N) b.x[XP_HERE(N)] = p[r * ldm + c];                                                         \
  } \
  template <int M, int N, int K>                                                                             \
  XP_INTRINSIC inline void load_matrix_sync(fragment<matrix_b, M, N, K, Tag, col_major>& b, const T* p,      \
                                            int ldm) {                                                  \
    XP_LOADED(b, p, ldm, 0);                                                                                    \
    XP_EACH(K, N) b.x[XP_HERE(N)] = p[c * ldm + r];                                                         \
  }
XP_LOADS(half, half)
XP_LOADS(xp_bf16, xp_bf16)
XP_LOADS(signed char, signed char)
XP_LOADS(unsigned char, unsigned char)
XP_LOADS(precision::tf32, float)
#ifndef XP_REAL_F64
XP_LOADS(double, double)
#endif
#undef XP_LOADS

// The accumulator's tile, M x N, in either layout.
template <int M, int N, int K, class T>
XP_INTRINSIC inline void load_matrix_sync(fragment<accumulator, M, N, K, T>& d, const T* p, int ldm,
                                          layout_t layout) {
  XP_LOADED(d, p, ldm, layout);
  if (layout == mem_row_major)
    XP_EACH(M, N) d.x[XP_HERE(N)] = p[r * ldm + c];
  else
    XP_EACH(M, N) d.x[XP_HERE(N)] = p[c * ldm + r];
}

template <int M, int N, int K, class T>
XP_INTRINSIC inline void store_matrix_sync(T* p, const fragment<accumulator, M, N, K, T>& d, int ldm,
                                           layout_t layout) {
  XP_STORED(d, p, ldm, layout);
  if (layout == mem_row_major)
    XP_EACH(M, N) p[r * ldm + c] = d.x[XP_HERE(N)];
  else
    XP_EACH(M, N) p[c * ldm + r] = d.x[XP_HERE(N)];
}

// d = a * b + c; products and sums in Sum, one rounding to the type of d.
#ifdef XP_READING
#define XP_PRODUCT(Sum)                                                        \
  for (int i = 0; i < M; ++i)                                                  \
    for (int j = 0; j < N; ++j) {                                              \
      Sum sum = c.x[i * N + j];                                                \
      for (int k = 0; k < K; ++k) sum += (Sum)a.x[i * K + k] * (Sum)b.x[k * N + j]; \
      d.x[i * N + j] = sum;                                                    \
    }
#else
#define XP_PRODUCT(Sum)                                                                                       \
  d.xp_made = xp_product<M, N, K, Sum>(d.x, a.x, b.x, c.x,                                                    \
                                       {{"operation", xp::operand(__PRETTY_FUNCTION__)},                      \
                                        {"tile of A", a.xp_made}, {"tile of B", b.xp_made}, {"tile of C", c.xp_made}});
#endif
#define XP_MMA(Tag, Sum, D, C)                                                                             \
  template <int M, int N, int K, class LA, class LB>                                                       \
  XP_INTRINSIC inline void mma_sync(fragment<accumulator, M, N, K, D>& d,                                  \
                                    const fragment<matrix_a, M, N, K, Tag, LA>& a,                         \
                                    const fragment<matrix_b, M, N, K, Tag, LB>& b,                         \
                                    const fragment<accumulator, M, N, K, C>& c) {                          \
    XP_PRODUCT(Sum)                                                                                        \
  }
XP_MMA(half, float, float, float)
XP_MMA(half, float, half, half)
XP_MMA(half, float, float, half)
XP_MMA(half, float, half, float)
XP_MMA(xp_bf16, float, float, float)
XP_MMA(signed char, int, int, int)
XP_MMA(unsigned char, int, int, int)
XP_MMA(precision::tf32, float, float, float)
#ifndef XP_REAL_F64
XP_MMA(double, double, double, double)
#endif
#undef XP_MMA
#undef XP_PRODUCT
// With `satf` a result is finite: infinities become the largest numbers and NaN zero. Integers stop at their ends.
inline float xp_finite(float a) { return isnan(a) ? 0.0f : fminf(fmaxf(a, -FLT_MAX), FLT_MAX); }
inline half xp_finite(half a) {
  return isnan((float)a) ? (half)0.0f : (half)fminf(fmaxf((float)a, -65504.0f), 65504.0f);
}
template <int M, int N, int K, class D, class A, class B, class C>
inline void mma_sync(fragment<accumulator, M, N, K, D>& d, const A& a, const B& b,
                     const fragment<accumulator, M, N, K, C>& c, bool satf) {
  mma_sync(d, a, b, c);
  if (satf)
    for (int e = 0; e < d.num_elements; ++e) d.x[e] = xp_finite(d.x[e]);
}
template <int M, int N, int K, class A, class B>
inline void mma_sync(fragment<accumulator, M, N, K, int>& d, const A& a, const B& b,
                     const fragment<accumulator, M, N, K, int>& c, bool satf) {
  fragment<accumulator, M, N, K, int> products;
  fill_fragment(products, 0);
  mma_sync(products, a, b, products);
  for (int e = 0; e < d.num_elements; ++e) {
    const long long sum = (long long)c.x[e] + products.x[e];
    d.x[e] = !satf ? (int)sum : sum > INT_MAX ? INT_MAX : sum < INT_MIN ? INT_MIN : (int)sum;
  }
}

// To the nearest number with ten bits of mantissa; ties away from zero.
inline float __float_to_tf32(float a) {
  return isnan(a) ? a : __uint_as_float((__float_as_uint(a) + 0x1000u) & 0xffffe000u);
}

}  // namespace wmma
}  // namespace nvcuda

// Kernels are often passed on without their `using namespace nvcuda;`.
namespace wmma = nvcuda::wmma;

#ifdef XP_READING
// The instantiations a tensorizer may use.
#define XP_OFFER(T, Sum)                                  \
  {                                                       \
    fragment<matrix_a, 16, 16, 16, T, row_major> a;       \
    fragment<matrix_b, 16, 16, 16, T, row_major> b;       \
    fragment<matrix_b, 16, 16, 16, T, col_major> bt;      \
    fragment<accumulator, 16, 16, 16, Sum> c;             \
    Sum* sums = 0;                                        \
    const T* operands = 0;                                \
    fill_fragment(c, 0);                                  \
    load_matrix_sync(a, operands, 16);                    \
    load_matrix_sync(b, operands, 16);                    \
    load_matrix_sync(bt, operands, 16);                   \
    load_matrix_sync(c, sums, 16, mem_row_major);         \
    mma_sync(c, a, b, c);                                 \
    mma_sync(c, a, bt, c);                                \
    store_matrix_sync(sums, c, 16, mem_row_major);        \
  }
inline void xp_offers() {
  using namespace nvcuda::wmma;
  XP_OFFER(half, float)
  XP_OFFER(xp_bf16, float)
  XP_OFFER(signed char, int)
}
#undef XP_OFFER
#endif
