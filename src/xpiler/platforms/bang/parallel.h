// Built-in parallel variables, core kinds and barriers (sec 2.2, 3.16, 3.18, 3.19).
#pragma once

#ifdef XP_READING
XP_AXIS extern const unsigned taskId, taskIdX, taskIdY, taskIdZ;
XP_AXIS extern const unsigned taskDim, taskDimX, taskDimY, taskDimZ;
XP_AXIS extern const unsigned clusterId, clusterDim, coreDim;
XP_AXIS XP_NOTE("xp.other:128") extern const unsigned coreId;  // 0x80 on a memory core
#define XP_BARRIER(name, scope, ...) XP_PRIMITIVE(scope) void name();
// The reader knows compute cores only: what a memory core does between two barriers, the first one of its cluster does.
XP_NOTE("xp.role:own") inline bool __is_ipu() { return coreId != 0; }
XP_NOTE("xp.role:other") inline bool __is_mpu() { return coreId == 0; }
#else
#include "direction.h"
#include "memory_core.h"
#include "queue.h"
#define XP_BARRIER(name, scope, ...) \
  inline void name() { __VA_ARGS__; }
#endif

// Between cores. In a BLOCK job they degrade to waiting for the core's own queues.
XP_BARRIER(__sync_all, "barrier.device", xp_meet_all())
XP_BARRIER(__sync_all_ipu, "barrier.device", xp_meet_all())
XP_BARRIER(__sync_all_mpu, "barrier.core", xp_queue::wait_all())
XP_BARRIER(__sync_cluster, "barrier.cluster", xp_meet(xp::barrier_cluster))
XP_BARRIER(__sync_all_ipu_within_cluster, "barrier.cluster", xp_meet(xp::barrier_cluster))
// The instruction queues of one core.
XP_BARRIER(__sync, "barrier.core", xp_queue::wait_all())
XP_BARRIER(__sync_io, "barrier.core.io", xp_queue::wait(xp_queue::IO))
XP_BARRIER(__sync_move, "barrier.core.move", xp_queue::wait(xp_queue::MOVE))
XP_BARRIER(__sync_compute, "barrier.core.compute", xp_queue::wait(xp_queue::COMPUTE))
inline void __sync_io_move_compute(bool io = true, bool move = true, bool compute = true, bool = true, bool = true,
                                   bool = true) {
  if (io) __sync_io();
  if (move) __sync_move();
  if (compute) __sync_compute();
}
#undef XP_BARRIER
