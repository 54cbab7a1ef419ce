// The rest of the libraries that kernels and their hosts mention: printing, limits, filling, OpenMP.
#pragma once

#ifdef XP_READING
typedef struct xp_file FILE;
extern FILE *stdin, *stdout, *stderr;
XP_PRIMITIVE("host.nop") int printf(const char* format, ...);
XP_PRIMITIVE("host.nop") int fprintf(FILE* file, const char* format, ...);
XP_PRIMITIVE("host.nop") int puts(const char* text);
XP_PRIMITIVE("host.nop") int fflush(FILE* file);
XP_PRIMITIVE("host.nop") void exit(int status);
XP_PRIMITIVE("host.nop") void abort();
XP_PRIMITIVE("host.nop") void srand(unsigned seed);
int rand();
#define assert(condition) ((void)0)

namespace std {
using ::int16_t;
using ::int32_t;
using ::int64_t;
using ::int8_t;
using ::printf;
using ::ptrdiff_t;
using ::size_t;
using ::uint16_t;
using ::uint32_t;
using ::uint64_t;
using ::uint8_t;

template <class T>
struct numeric_limits;
#define XP_LIMITS(T, low, high, tiny, infinite)        \
  template <>                                          \
  struct numeric_limits<T> {                           \
    static constexpr T min() { return tiny; }          \
    static constexpr T max() { return high; }          \
    static constexpr T lowest() { return low; }        \
    static constexpr T infinity() { return infinite; } \
  };
XP_LIMITS(float, -FLT_MAX, FLT_MAX, FLT_MIN, __builtin_inff())
XP_LIMITS(double, -DBL_MAX, DBL_MAX, DBL_MIN, __builtin_inf())
XP_LIMITS(signed char, -128, 127, -128, 0)
XP_LIMITS(unsigned char, 0, 255, 0, 0)
XP_LIMITS(short, SHRT_MIN, SHRT_MAX, SHRT_MIN, 0)
XP_LIMITS(unsigned short, 0, USHRT_MAX, 0, 0)
XP_LIMITS(int, INT_MIN, INT_MAX, INT_MIN, 0)
XP_LIMITS(unsigned, 0, UINT_MAX, 0, 0)
XP_LIMITS(long, LONG_MIN, LONG_MAX, LONG_MIN, 0)
XP_LIMITS(long long, LLONG_MIN, LLONG_MAX, LLONG_MIN, 0)
#undef XP_LIMITS

template <class T, class V>
inline void fill(T* first, T* last, V value) {
  for (int i = 0; i < (int)(last - first); ++i) first[i] = (T)value;
}
template <class T, class V>
inline void fill_n(T* first, int count, V value) {
  for (int i = 0; i < count; ++i) first[i] = (T)value;
}
template <class T>
inline void swap(T& a, T& b) {
  T t = a;
  a = b;
  b = t;
}
}  // namespace std
#endif

// One thread runs a kernel; a pragma only promises that iterations are independent (OpenMP 5.2, 18.2).
inline int omp_get_thread_num() { return 0; }
inline int omp_get_num_threads() { return 1; }
inline int omp_get_max_threads() { return 1; }
inline int omp_get_num_procs() { return 1; }
inline void omp_set_num_threads(int) {}
