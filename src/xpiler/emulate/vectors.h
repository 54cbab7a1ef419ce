// What `ext_vector_type(N)` declares, which g++ does not know: N values side by side with subscripts, the members
// x y z w, braces and operators lane by lane. Its bytes are those of T[N]. The text's rewrite names it.
#pragma once
#define ext_vector_type(...) vector_size(-1)  // a form that the rewrite did not take is an error, not a single value

template <class T, int N>
struct xp_names {
  T lanes[N];
};
template <class T>
struct xp_names<T, 2> {
  union {
    T lanes[2];
    struct {
      T x, y;
    };
  };
};
template <class T>
struct xp_names<T, 4> {
  union {
    T lanes[4];
    struct {
      T x, y, z, w;
    };
  };
};

template <class T, int N>
struct __attribute__((aligned(N * sizeof(T)))) xp_vector : xp_names<T, N> {
  static_assert((N & (N - 1)) == 0, "a vector of this many lanes is not supported");
  // What a comparison of two gives: lanes of all ones or zero.
  using Truth = xp_vector<std::conditional_t<sizeof(T) == 1, signed char, std::conditional_t<sizeof(T) == 2, short,
                          std::conditional_t<sizeof(T) == 4, int, long>>>, N>;
  xp_vector() = default;
  // One value is every lane's; a list fills the first lanes and leaves zero in the others.
  xp_vector(T all) {
    for (int i = 0; i < N; ++i) this->lanes[i] = all;
  }
  xp_vector(std::initializer_list<T> list) {
    int i = 0;
    for (T v : list) this->lanes[i++] = v;
    for (; i < N; ++i) this->lanes[i] = T(0);
  }
  T& operator[](int i) { return this->lanes[i]; }
  const T& operator[](int i) const { return this->lanes[i]; }
#define XP_UPDATE(op)                                                       \
  xp_vector& operator op##=(const xp_vector& b) {                           \
    for (int i = 0; i < N; ++i) this->lanes[i] = T(this->lanes[i] op b[i]); \
    return *this;                                                           \
  }                                                                         \
  friend xp_vector operator op(xp_vector a, const xp_vector& b) { return a op##= b; }
  XP_UPDATE(+)
  XP_UPDATE(-)
  XP_UPDATE(*)
  XP_UPDATE(/)
  XP_UPDATE(%)
  XP_UPDATE(&)
  XP_UPDATE(|)
  XP_UPDATE(^)
  XP_UPDATE(<<)
  XP_UPDATE(>>)
#undef XP_UPDATE
#define XP_COMPARE(op)                                                   \
  friend Truth operator op(const xp_vector& a, const xp_vector& b) {     \
    Truth found;                                                         \
    for (int i = 0; i < N; ++i) found.lanes[i] = a[i] op b[i] ? -1 : 0;  \
    return found;                                                        \
  }
  XP_COMPARE(==)
  XP_COMPARE(!=)
  XP_COMPARE(<)
  XP_COMPARE(<=)
  XP_COMPARE(>)
  XP_COMPARE(>=)
#undef XP_COMPARE
  friend xp_vector operator-(xp_vector a) {
    for (int i = 0; i < N; ++i) a.lanes[i] = T(-a.lanes[i]);
    return a;
  }
  friend xp_vector operator~(xp_vector a) {
    for (int i = 0; i < N; ++i) a.lanes[i] = T(~a.lanes[i]);
    return a;
  }
};
