// Operators on HIP's small vectors, lane by lane (HIP C++ language extensions, "Short vector types"); CUDA's have none.
// Templates, so that a program's own operators on the same types come first.
#pragma once

template <class V>
struct xp_small;
#define XP_SMALL(T, name)     \
  template <>                 \
  struct xp_small<name##2> {  \
    typedef T Element;        \
    typedef int Two;          \
  };                          \
  template <>                 \
  struct xp_small<name##3> {  \
    typedef T Element;        \
    typedef int Three;        \
  };                          \
  template <>                 \
  struct xp_small<name##4> {  \
    typedef T Element;        \
    typedef int Four;         \
  };
XP_SMALL(signed char, char)
XP_SMALL(unsigned char, uchar)
XP_SMALL(short, short)
XP_SMALL(unsigned short, ushort)
XP_SMALL(int, int)
XP_SMALL(unsigned, uint)
XP_SMALL(float, float)
XP_SMALL(double, double)
XP_SMALL(long, long)
XP_SMALL(unsigned long, ulong)
XP_SMALL(long long, longlong)
XP_SMALL(unsigned long long, ulonglong)
#undef XP_SMALL

#define XP_HEAD(count) template <class V, typename xp_small<V>::count = 0>
#define XP_ELEMENT typename xp_small<V>::Element
#define XP_LANES_Two(lane) lane(x), lane(y)
#define XP_LANES_Three(lane) lane(x), lane(y), lane(z)
#define XP_LANES_Four(lane) lane(x), lane(y), lane(z), lane(w)

#define XP_COMBINE(count, op)                                                                                \
  XP_HEAD(count) inline V operator op(const V& a, const V& b) { return {XP_LANES_##count(XP_BOTH)}; }        \
  XP_HEAD(count) inline V operator op(const V& a, XP_ELEMENT b) { return {XP_LANES_##count(XP_RIGHT)}; }     \
  XP_HEAD(count) inline V operator op(XP_ELEMENT a, const V& b) { return {XP_LANES_##count(XP_LEFT)}; }      \
  XP_HEAD(count) inline V& operator op##=(V& a, const V& b) { return a = a op b; }                           \
  XP_HEAD(count) inline V& operator op##=(V& a, XP_ELEMENT b) { return a = a op b; }
#define XP_EACH_COUNT(op) XP_COMBINE(Two, op) XP_COMBINE(Three, op) XP_COMBINE(Four, op)

#define XP_BOTH(lane) (XP_ELEMENT)(a.lane + b.lane)
#define XP_RIGHT(lane) (XP_ELEMENT)(a.lane + b)
#define XP_LEFT(lane) (XP_ELEMENT)(a + b.lane)
XP_EACH_COUNT(+)
#undef XP_BOTH
#undef XP_RIGHT
#undef XP_LEFT

#define XP_BOTH(lane) (XP_ELEMENT)(a.lane - b.lane)
#define XP_RIGHT(lane) (XP_ELEMENT)(a.lane - b)
#define XP_LEFT(lane) (XP_ELEMENT)(a - b.lane)
XP_EACH_COUNT(-)
#undef XP_BOTH
#undef XP_RIGHT
#undef XP_LEFT

#define XP_BOTH(lane) (XP_ELEMENT)(a.lane * b.lane)
#define XP_RIGHT(lane) (XP_ELEMENT)(a.lane * b)
#define XP_LEFT(lane) (XP_ELEMENT)(a * b.lane)
XP_EACH_COUNT(*)
#undef XP_BOTH
#undef XP_RIGHT
#undef XP_LEFT

#define XP_BOTH(lane) (XP_ELEMENT)(a.lane / b.lane)
#define XP_RIGHT(lane) (XP_ELEMENT)(a.lane / b)
#define XP_LEFT(lane) (XP_ELEMENT)(a / b.lane)
XP_EACH_COUNT(/)
#undef XP_BOTH
#undef XP_RIGHT
#undef XP_LEFT

#define XP_MINUS(lane) (XP_ELEMENT)(-a.lane)
XP_HEAD(Two) inline V operator-(const V& a) { return {XP_LANES_Two(XP_MINUS)}; }
XP_HEAD(Three) inline V operator-(const V& a) { return {XP_LANES_Three(XP_MINUS)}; }
XP_HEAD(Four) inline V operator-(const V& a) { return {XP_LANES_Four(XP_MINUS)}; }
XP_HEAD(Two) inline bool operator==(const V& a, const V& b) { return a.x == b.x && a.y == b.y; }
XP_HEAD(Three) inline bool operator==(const V& a, const V& b) { return a.x == b.x && a.y == b.y && a.z == b.z; }
XP_HEAD(Four) inline bool operator==(const V& a, const V& b) {
  return a.x == b.x && a.y == b.y && a.z == b.z && a.w == b.w;
}
template <class V, class = XP_ELEMENT>
inline bool operator!=(const V& a, const V& b) {
  return !(a == b);
}
#undef XP_MINUS
#undef XP_EACH_COUNT
#undef XP_COMBINE
#undef XP_LANES_Two
#undef XP_LANES_Three
#undef XP_LANES_Four
#undef XP_ELEMENT
#undef XP_HEAD
