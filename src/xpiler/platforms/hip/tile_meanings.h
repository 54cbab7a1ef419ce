// What the functions of tiles.h do, seen by the whole wavefront: the form a tensorizer matches. Only for the library
// itself (XP_OFFERS); a text that uses tiles carries tiles.h.
#pragma once

struct tile_acc { float x[256]; };
struct tile_a { half x[256]; };
struct tile_b { half x[256]; };
struct tile_a4 { float x[64]; };
struct tile_b4 { float x[64]; };

XP_INTRINSIC inline void tile_fill(tile_acc& c, float value) {
  for (int e = 0; e < 256; ++e) c.x[e] = value;
}
XP_INTRINSIC inline void tile_load_acc(tile_acc& c, const float* p, int ld) {
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) c.x[i * 16 + j] = p[i * ld + j];
}
XP_INTRINSIC inline void tile_store(float* p, const tile_acc& c, int ld) {
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) p[i * ld + j] = c.x[i * 16 + j];
}

#define XP_TILES(A, B, T, K)                                                                \
  XP_INTRINSIC inline void tile_load_a(A& a, const T* p, int ld) {                          \
    for (int i = 0; i < 16; ++i)                                                            \
      for (int k = 0; k < K; ++k) a.x[i * K + k] = p[i * ld + k];                           \
  }                                                                                         \
  XP_INTRINSIC inline void tile_load_b_row(B& b, const T* p, int ld) {                      \
    for (int k = 0; k < K; ++k)                                                             \
      for (int j = 0; j < 16; ++j) b.x[k * 16 + j] = p[k * ld + j];                         \
  }                                                                                         \
  XP_INTRINSIC inline void tile_load_b_col(B& b, const T* p, int ld) {                      \
    for (int k = 0; k < K; ++k)                                                             \
      for (int j = 0; j < 16; ++j) b.x[k * 16 + j] = p[j * ld + k];                         \
  }                                                                                         \
  XP_INTRINSIC inline void tile_mma(tile_acc& c, const A& a, const B& b) {                  \
    for (int i = 0; i < 16; ++i)                                                            \
      for (int j = 0; j < 16; ++j) {                                                        \
        float sum = c.x[i * 16 + j];                                                        \
        for (int k = 0; k < K; ++k) sum += (float)a.x[i * K + k] * (float)b.x[k * 16 + j];  \
        c.x[i * 16 + j] = sum;                                                              \
      }                                                                                     \
  }
XP_TILES(tile_a, tile_b, half, 16)
XP_TILES(tile_a4, tile_b4, float, 4)
#undef XP_TILES

// The instantiations a tensorizer may use.
inline void xp_offers(half* p, float* q) {
  tile_acc c;
  tile_a a;
  tile_b b;
  tile_a4 a4;
  tile_b4 b4;
  tile_fill(c, 0.0f);
  tile_load_acc(c, q, 16);
  tile_load_a(a, p, 16);
  tile_load_b_row(b, p, 16);
  tile_load_b_col(b, p, 16);
  tile_mma(c, a, b);
  tile_load_a(a4, q, 16);
  tile_load_b_row(b4, q, 16);
  tile_load_b_col(b4, q, 16);
  tile_mma(c, a4, b4);
  tile_store(q, c, 16);
}
