// The compiler's built-in operations between the lanes of a wavefront and on registers (AMDGPU Usage; Clang's AMDGPU
// built-ins), for CDNA.
#pragma once

inline int __lane_id() {
#ifdef XP_READING
  return (int)((threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 64);
#else
  return int(xp::lane());
#endif
}

// Any lane reads any lane: an address counts bytes, four for a lane.
inline int __builtin_amdgcn_ds_bpermute(int address, int value) { return __shfl(value, (address >> 2) & 63, 64); }
inline int __hip_ds_bpermute(int address, int value) { return __builtin_amdgcn_ds_bpermute(address, value); }
inline float __hip_ds_bpermutef(int address, float value) {
  return __int_as_float(__builtin_amdgcn_ds_bpermute(address, __float_as_int(value)));
}
inline int __builtin_amdgcn_readlane(int value, int lane) { return __shfl(value, lane & 63, 64); }

// Lanes below the caller whose bit of the mask is set.
inline int __builtin_amdgcn_mbcnt_lo(unsigned mask, int add) {
  const int lane = __lane_id();
  return add + __popc(lane >= 32 ? mask : mask & ((1u << lane) - 1u));
}
inline int __builtin_amdgcn_mbcnt_hi(unsigned mask, int add) {
  const int lane = __lane_id();
  return add + (lane < 32 ? 0 : __popc(mask & ((1u << (lane - 32)) - 1u)));
}

inline int __builtin_amdgcn_readfirstlane(int value) { return __shfl(value, __ffsll(__activemask()) - 1, 64); }

// Where a lane reads from under a DPP control, or -1 (CDNA3 ISA, "DPP"); rows have 16 lanes.
inline int xp_dpp_source(int control, int lane) {
  const int row = lane & ~15, at = lane & 15, by = control & 15;
  if (control < 0x100) return (lane & ~3) + (control >> (2 * (lane & 3)) & 3);       // quad_perm
  if (control > 0x100 && control < 0x110) return at + by < 16 ? lane + by : -1;      // row_shl
  if (control > 0x110 && control < 0x120) return at - by >= 0 ? lane - by : -1;      // row_shr
  if (control > 0x120 && control < 0x130) return row + ((at - by) & 15);             // row_ror
  if (control == 0x130) return lane + 1 < 64 ? lane + 1 : -1;                        // wave_shl:1
  if (control == 0x134) return (lane + 1) & 63;                                      // wave_rol:1
  if (control == 0x138) return lane - 1;                                             // wave_shr:1
  if (control == 0x13C) return (lane - 1) & 63;                                      // wave_ror:1
  if (control == 0x140) return row + 15 - at;                                        // row_mirror
  if (control == 0x141) return (lane & ~7) + 7 - (lane & 7);                         // row_half_mirror
  if (control == 0x142) return lane < 16 ? -1 : row - 1;                             // row_bcast:15
  if (control == 0x143) return lane < 32 ? -1 : 31;                                  // row_bcast:31
  return lane;
}
// Lanes of rows or banks that are not enabled keep `old`; so do lanes without a source, unless they read zero.
inline int __builtin_amdgcn_update_dpp(int old, int value, int control, int rows, int banks, bool zero) {
  const int lane = __lane_id();
  const int from = xp_dpp_source(control, lane);
  const int got = __shfl(value, from < 0 ? lane : from, 64);
  if (!(rows >> (lane / 16) & 1) || !(banks >> (lane % 16 / 4) & 1)) return old;
  return from >= 0 ? got : zero ? 0 : old;
}
inline int __builtin_amdgcn_mov_dpp(int value, int control, int rows, int banks, bool zero) {
  return __builtin_amdgcn_update_dpp(value, value, control, rows, banks, zero);
}

// ds_swizzle: four lanes permuted, or groups of 32 under and, or, xor masks.
inline int __builtin_amdgcn_ds_swizzle(int value, int pattern) {
  const int lane = __lane_id();
  const int quad = (lane & ~3) + (pattern >> (2 * (lane & 3)) & 3);
  const int group = (lane & 32) | ((((lane & 31) & (pattern & 31)) | (pattern >> 5 & 31)) ^ (pattern >> 10 & 31));
  return __shfl(value, pattern & 0x8000 ? quad : group, 64);
}

// Registers.
inline float __builtin_amdgcn_rcpf(float a) { return 1 / a; }
inline float __builtin_amdgcn_sqrtf(float a) { return sqrtf(a); }
inline float __builtin_amdgcn_rsqf(float a) { return rsqrtf(a); }
inline float __builtin_amdgcn_exp2f(float a) { return exp2f(a); }
inline float __builtin_amdgcn_logf(float a) { return log2f(a); }
inline float __builtin_amdgcn_sinf(float a) { return sinpif(2 * a); }
inline float __builtin_amdgcn_cosf(float a) { return cospif(2 * a); }
inline float __builtin_amdgcn_fractf(float a) { return a - floorf(a); }
inline float __builtin_amdgcn_fmed3f(float a, float b, float c) { return fmaxf(fminf(a, b), fminf(fmaxf(a, b), c)); }
inline unsigned __builtin_amdgcn_ubfe(unsigned a, unsigned from, unsigned count) {
  return (count & 31u) == 0u ? 0u : (a >> (from & 31u)) & ((1u << (count & 31u)) - 1u);
}
inline int __builtin_amdgcn_sbfe(int a, unsigned from, unsigned count) {
  const unsigned field = __builtin_amdgcn_ubfe((unsigned)a, from, count);
  const unsigned top = (count & 31u) == 0u ? 0u : 1u << ((count & 31u) - 1u);
  return (int)((field ^ top) - top);
}
// v_perm_b32: bytes 0-3 of the selector's values name bytes of the second operand, 4-7 of the first.
inline unsigned __builtin_amdgcn_perm(unsigned a, unsigned b, unsigned selector) {
  const unsigned long long bytes = (unsigned long long)a << 32 | b;
  unsigned r = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned s = selector >> (8 * i) & 255u;
    const unsigned sign = (unsigned)(bytes >> (16 * (s & 3u) + 15)) & 1u ? 255u : 0u;
    const unsigned byte = s < 8 ? (unsigned)(bytes >> (8 * s)) & 255u : s < 12 ? sign : s == 12 ? 0u : 255u;
    r |= byte << (8 * i);
  }
  return r;
}
inline int __builtin_amdgcn_sdot4(int a, int b, int c, bool clamp) {
  const long long sum = (long long)c + __dp4a(a, b, 0);
  return !clamp ? (int)sum : sum > INT_MAX ? INT_MAX : sum < INT_MIN ? INT_MIN : (int)sum;
}
inline unsigned __builtin_amdgcn_udot4(unsigned a, unsigned b, unsigned c, bool clamp) {
  const unsigned long long sum = (unsigned long long)c + __dp4a(a, b, 0u);
  return clamp && sum > UINT_MAX ? UINT_MAX : (unsigned)sum;
}

// Where the thread is, and what only orders or waits.
#define __builtin_amdgcn_workitem_id_x() (threadIdx.x)
#define __builtin_amdgcn_workitem_id_y() (threadIdx.y)
#define __builtin_amdgcn_workitem_id_z() (threadIdx.z)
#define __builtin_amdgcn_workgroup_id_x() (blockIdx.x)
#define __builtin_amdgcn_workgroup_id_y() (blockIdx.y)
#define __builtin_amdgcn_workgroup_id_z() (blockIdx.z)
#define __builtin_amdgcn_wavefrontsize() (XP_WARP)
#define __builtin_amdgcn_fence(...) ((void)0)
#define __builtin_amdgcn_s_waitcnt(count) ((void)0)
#define __builtin_amdgcn_s_sleep(count) ((void)0)
#define __builtin_amdgcn_s_setprio(level) ((void)0)
#define __builtin_amdgcn_sched_barrier(mask) ((void)0)
#define __builtin_amdgcn_sched_group_barrier(mask, count, group) ((void)0)
#define __builtin_amdgcn_iglp_opt(what) ((void)0)
#define __builtin_nontemporal_load(address) (*(address))
#define __builtin_nontemporal_store(value, address) ((void)(*(address) = (value)))
