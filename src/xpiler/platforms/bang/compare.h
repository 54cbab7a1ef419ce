// Comparison and logic on vectors in NRAM: 1 or 0 in the operands' own type (sec 3.11, 3.28).
#pragma once

#if __BANG_ARCH__ >= 300
#define XP_COMPARE_SCALAR(name, op) XP_NUMBERS(XP_MAP_SCALAR, __bang_##name##_scalar, src[i] op value ? 1 : 0)
#else
#define XP_COMPARE_SCALAR(name, op)
#endif
#define XP_COMPARE(name, op)                                           \
  XP_NUMBERS(XP_MAP2, __bang_##name, src0[i] op src1[i] ? 1 : 0)       \
  XP_COMPARE_SCALAR(name, op)                                          \
  XP_NUMBERS(XP_CYCLE, __bang_cycle_##name, XP_CYCLE_SRC op seg[i] ? 1 : 0)
XP_COMPARE(eq, ==)
XP_COMPARE(ne, !=)
XP_COMPARE(lt, <)
XP_COMPARE(le, <=)
XP_COMPARE(gt, >)
XP_COMPARE(ge, >=)
#undef XP_COMPARE
#undef XP_COMPARE_SCALAR

// Anything but zero is true.
XP_NUMBERS(XP_MAP2, __bang_and, src0[i] != 0 && src1[i] != 0 ? 1 : 0)
XP_NUMBERS(XP_MAP2, __bang_or, src0[i] != 0 || src1[i] != 0 ? 1 : 0)
XP_NUMBERS(XP_MAP2, __bang_xor, (src0[i] != 0) != (src1[i] != 0) ? 1 : 0)
XP_NUMBERS(XP_MAP1, __bang_not, src[i] == 0 ? 1 : 0)
XP_NUMBERS(XP_CYCLE, __bang_cycle_and, XP_CYCLE_SRC != 0 && seg[i] != 0 ? 1 : 0)
XP_NUMBERS(XP_CYCLE, __bang_cycle_or, XP_CYCLE_SRC != 0 || seg[i] != 0 ? 1 : 0)
XP_NUMBERS(XP_CYCLE, __bang_cycle_xor, (XP_CYCLE_SRC != 0) != (seg[i] != 0) ? 1 : 0)
