// Tiles of a warp's matrix operations: which shapes and types exist (Programming Guide, "Element Types and Matrix
// Sizes").
//
// The mapping of elements to lanes is unspecified. In the meaning every lane holds the whole tile, row by row; in a run
// a lane holds the elements it owns, a 32nd of the tile. XP_EACH visits them: element (r, c) of `rows` x `columns` is
// x[XP_HERE].
#pragma once

#ifdef XP_READING
#define XP_HELD(count) (count)
#define XP_MADE
#define XP_EACH(rows, columns)          \
  for (int r = 0; r < (rows); ++r)      \
    for (int c = 0; c < (columns); ++c)
#define XP_HERE(columns) (r * (columns) + c)
#else
#define XP_HELD(count) ((count) / XP_WARP)
#define XP_MADE unsigned xp_made = 0; /* by which of the warp's operations */
#define XP_EACH(rows, columns)                                                                       \
  for (int t = 0, r, c, first = int(xp::lane()) * XP_HELD((rows) * (columns));                       \
       t < XP_HELD((rows) * (columns)) && (r = (first + t) / (columns), c = (first + t) % (columns), true); ++t)
#define XP_HERE(columns) t
#endif

namespace nvcuda {
namespace wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };
namespace precision {
struct tf32;
}

// An illegal combination of shape and type is an incomplete type.
template <class Use, int M, int N, int K, class T, class Layout = void>
struct fragment;

#define XP_TILE(Use, M, N, K, Tag, T, count)      \
  template <class Layout>                         \
  struct fragment<Use, M, N, K, Tag, Layout> {    \
    typedef T element_type;                       \
    typedef T storage_element_type;               \
    static constexpr int num_elements = XP_HELD(count);    \
    static constexpr int num_storage_elements = XP_HELD(count); \
    T x[XP_HELD(count)];                                   \
    XP_MADE                                                \
  };
#define XP_OPERANDS(M, N, K, Tag, T)         \
  XP_TILE(matrix_a, M, N, K, Tag, T, M * K)  \
  XP_TILE(matrix_b, M, N, K, Tag, T, K * N)
#define XP_SHAPE(M, N, K)                                     \
  XP_OPERANDS(M, N, K, half, half)                            \
  XP_OPERANDS(M, N, K, xp_bf16, xp_bf16)                      \
  XP_OPERANDS(M, N, K, signed char, signed char)              \
  XP_OPERANDS(M, N, K, unsigned char, unsigned char)          \
  XP_TILE(accumulator, M, N, K, half, half, M * N)            \
  XP_TILE(accumulator, M, N, K, float, float, M * N)          \
  XP_TILE(accumulator, M, N, K, int, int, M * N)
XP_SHAPE(16, 16, 16)
XP_SHAPE(32, 8, 16)
XP_SHAPE(8, 32, 16)
XP_OPERANDS(16, 16, 8, precision::tf32, float)
XP_TILE(accumulator, 16, 16, 8, float, float, 256)
XP_OPERANDS(8, 8, 4, double, double)
XP_TILE(accumulator, 8, 8, 4, double, double, 64)
#undef XP_SHAPE
#undef XP_OPERANDS
#undef XP_TILE

}  // namespace wmma
}  // namespace nvcuda
