// What a reader needs of the C and C++ libraries; a run has the libraries themselves.
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
XP_PRIMITIVE("host.assert") constexpr void xp_assert(bool) {}
XP_PRIMITIVE("host.nop") void srand(unsigned seed);
int rand();
void* malloc(size_t bytes);
void* calloc(size_t count, size_t bytes);
void free(void* address);
void* memcpy(void* dst, const void* src, size_t bytes);
void* memset(void* address, int value, size_t bytes);
inline void* operator new(size_t, void* place) { return place; }

namespace std {
using ::abs;
using ::ceil;
using ::cos;
using ::erf;
using ::exp;
using ::exp2;
using ::fabs;
using ::floor;
using ::fma;
using ::fmax;
using ::fmin;
using ::fmod;
using ::isfinite;
using ::isinf;
using ::isnan;
using ::log;
using ::log1p;
using ::log2;
using ::pow;
using ::fprintf;
using ::printf;
using ::puts;
using ::round;
using ::rint;
using ::sin;
using ::size_t;
using ::sqrt;
using ::tanh;
using ::trunc;
using ::int8_t;
using ::uint8_t;
using ::int16_t;
using ::uint16_t;
using ::int32_t;
using ::uint32_t;
using ::int64_t;
using ::uint64_t;

// By reference in the library; by value the meaning is the same.
template <class T>
XP_MATH("min") T min(T a, T b);
template <class T>
XP_MATH("max") T max(T a, T b);

template <class T>
struct numeric_limits;
#define XP_LIMITS(T, low, high, tiny, infinite)           \
  template <>                                             \
  struct numeric_limits<T> {                              \
    static constexpr T min() { return tiny; }             \
    static constexpr T max() { return high; }             \
    static constexpr T lowest() { return low; }           \
    static constexpr T infinity() { return infinite; }    \
  };
XP_LIMITS(float, -FLT_MAX, FLT_MAX, FLT_MIN, __builtin_inff())
XP_LIMITS(double, -DBL_MAX, DBL_MAX, DBL_MIN, __builtin_inf())
XP_LIMITS(int, INT_MIN, INT_MAX, INT_MIN, 0)
XP_LIMITS(unsigned, 0, UINT_MAX, 0, 0)
XP_LIMITS(signed char, -128, 127, -128, 0)
XP_LIMITS(unsigned char, 0, 255, 0, 0)
XP_LIMITS(long long, LLONG_MIN, LLONG_MAX, LLONG_MIN, 0)
#undef XP_LIMITS

template <bool condition, class A, class B>
struct conditional {
  typedef A type;
};
template <class A, class B>
struct conditional<false, A, B> {
  typedef B type;
};
template <class A, class B>
struct is_same {
  static constexpr bool value = false;
};
template <class A>
struct is_same<A, A> {
  static constexpr bool value = true;
};
template <class A, class B>
constexpr bool is_same_v = is_same<A, B>::value;
}  // namespace std
#endif
