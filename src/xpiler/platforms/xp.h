// The contract between a platform's device.h and its three readers.
//
// A device.h is (a) parsed by libclang with XP_READING defined: the reader turns kernels and intrinsic bodies into IR;
// (b) compiled by g++ with XP_RUNNING defined, together with emulate/runtime.h: kernels run on this CPU.
//
//   XP_INTRINSIC        on a function: calls are kept as `Intrinsic` nodes; the body is its meaning. The body is plain
//                       C: scalar locals, for loops, if, subscripts of pointer parameters and of aggregates' members,
//                       XP_REQUIRE. detensorize inlines it; tensorize matches it. No pointer tricks, no statics.
//   XP_NOTE("xp.bits")  on a function that the body of an intrinsic mentions: what it does, and to the bits behind its
//                       result too; read instead of the intrinsic where a program looks at these.
//   XP_MATH(name)       on a scalar function: calls become `Call(name, args)`; name is the IR's canonical one.
//   XP_PRIMITIVE(name)  on a function the IR has a node for (barriers, shuffles, votes, atomics, async waits).
//                       Declared without a body when reading; emulate/runtime.h gives the body when running.
//   (no mark)           inlined by the reader, like a user's own device function (e.g. __half2float).
//   XP_SPACE(name)      on a variable: the address space it lives in.
//   XP_AXIS             on a built-in parallel variable.
//   XP_REQUIRE(c, msg)  a precondition of an intrinsic: nothing when reading; when running, c false is a finding that
//                       names the user's file and line, the thread and msg.
#pragma once
#ifdef XP_READING
#define XP_NOTE(text) __attribute__((annotate(text)))
#define XP_INTRINSIC XP_NOTE("xp.intrinsic")
#define XP_MATH(name) XP_NOTE("xp.math:" name)
#define XP_PRIMITIVE(name) XP_NOTE("xp.primitive:" name)
#define XP_SPACE(name) XP_NOTE("xp.space:" name)
#define XP_AXIS XP_NOTE("xp.axis")
#define XP_REQUIRE(condition, message)
#else
#define XP_INTRINSIC
#define XP_MATH(name)
#define XP_PRIMITIVE(name)
#define XP_AXIS
// XP_SPACE and XP_REQUIRE come from emulate/runtime.h
#endif
