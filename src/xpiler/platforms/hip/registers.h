// A register vector when running: what `ext_vector_type(N)` and `vector_size` declare for hipcc, with the subscripts,
// the members x y z w and the braces that g++ does not give its own vectors. Its bytes are those of T[N].
#pragma once
#ifndef XP_READING

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
#undef XP_UPDATE
  friend xp_vector operator-(xp_vector a) {
    for (int i = 0; i < N; ++i) a[i] = -a[i];
    return a;
  }
};
#endif
