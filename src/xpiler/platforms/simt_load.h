// Loads and stores that only hint at a cache (Programming Guide, "Load Functions Using Cache Hints").
#pragma once

template <class T>
struct xp_itself {
  typedef T type;
};
#define XP_LOAD(name)            \
  template <class T>             \
  inline T name(const T* address) { \
    return *address;             \
  }
#define XP_STORE(name)                     \
  template <class T>                       \
  inline void name(T* address, typename xp_itself<T>::type value) { \
    *address = value;                      \
  }
XP_LOAD(__ldg)
XP_LOAD(__ldca)
XP_LOAD(__ldcg)
XP_LOAD(__ldcs)
XP_LOAD(__ldcv)
XP_LOAD(__ldlu)
XP_STORE(__stcg)
XP_STORE(__stcs)
XP_STORE(__stwb)
XP_STORE(__stwt)
#undef XP_LOAD
#undef XP_STORE
