// Built-in parallel variables, core kinds and barriers (sec 2.2, 3.16, 3.18, 3.19).
#pragma once

#ifdef XP_READING
XP_AXIS extern const unsigned taskId, taskIdX, taskIdY, taskIdZ;
XP_AXIS extern const unsigned taskDim, taskDimX, taskDimY, taskDimZ;
XP_AXIS extern const unsigned clusterId, clusterDim, coreId, coreDim;
#define XP_BARRIER(name, scope) XP_PRIMITIVE(scope) void name();
#else
// The cores of the job that the host launched (1: BLOCK), 0 where a kernel is run without a host.
inline unsigned xp_job_cores = 0;
inline bool xp_by_cluster() { return xp::core_dim > 1; }
// A job larger than its clusters runs in rounds, and cluster numbers repeat in each.
inline unsigned xp_clusters() {
  if (xp_job_cores) return xp_job_cores / 4;
  return xp_by_cluster() ? xp::cluster_dim : (xp::task_dim + 3) / 4;
}
inline unsigned xp_cluster() {
  unsigned counted = xp_by_cluster() ? xp::cluster : xp::task / 4;
  return xp_job_cores ? (xp_job_cores < 4 ? 0 : counted % (xp_job_cores / 4)) : counted;
}
#define taskId (xp::task)
#define taskIdX (xp::block_idx.x)
#define taskIdY (xp::block_idx.y)
#define taskIdZ (xp::block_idx.z)
#define taskDim (xp::task_dim)
#define taskDimX (xp::grid_dim.x)
#define taskDimY (xp::grid_dim.y)
#define taskDimZ (xp::grid_dim.z)
#define clusterId (xp_cluster())
#define clusterDim (xp_clusters())
#define coreId (xp_by_cluster() ? xp::core : xp::task % 4)
#define coreDim (xp_by_cluster() ? xp::core_dim : 4u)
// In a BLOCK job the barriers between cores degrade to an on-core one.
inline void xp_barrier(const char* scope) {
  if (xp_job_cores == 1 || !std::strcmp(scope, "barrier.core")) return;
  if (!std::strcmp(scope, "barrier.cluster")) xp::barrier_cluster();
  else xp::barrier_all();
}
#define XP_BARRIER(name, scope) \
  inline void name() { xp_barrier(scope); }
#endif

XP_BARRIER(__sync_all, "barrier.device")
XP_BARRIER(__sync_all_ipu, "barrier.device")
XP_BARRIER(__sync_cluster, "barrier.cluster")
XP_BARRIER(__sync_all_ipu_within_cluster, "barrier.cluster")
// Instruction queues of one core (IO, Move, Compute): order, no exchange.
XP_BARRIER(__sync, "barrier.core")
XP_BARRIER(__sync_io, "barrier.core")
XP_BARRIER(__sync_move, "barrier.core")
XP_BARRIER(__sync_compute, "barrier.core")
#undef XP_BARRIER

#ifdef XP_READING
XP_PRIMITIVE("barrier.core")
void __sync_io_move_compute(bool = true, bool = true, bool = true, bool = true, bool = true, bool = true);
#else
inline void __sync_io_move_compute(bool = true, bool = true, bool = true, bool = true, bool = true,
                                   bool = true) {}
#endif

// Compute cores run everything here; core 0 of a cluster does the memory core's part as well.
inline bool __is_ipu() { return true; }
inline bool __is_mpu() { return coreId == 0; }
