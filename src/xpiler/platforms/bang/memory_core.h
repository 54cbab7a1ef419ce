// Where the running task is: the four compute cores of a cluster and, in texts that ask for it, its memory core, which
// runs the kernel as a fifth block of the cluster. Only when running.
#pragma once

inline bool xp_asks_for_memory_core = false;  // set before main by any text that says __is_mpu
inline bool xp_has_memory_core = false;       // of the running launch
inline unsigned xp_job_cores = 0;             // of the job that the host launched (1: BLOCK), 0 without a host

template <int line>
struct xp_asking {
  static inline const bool asked = xp_asks_for_memory_core = true;
};
inline bool xp_on_memory_core() { return xp_has_memory_core && xp::core == 4; }
template <int line>
bool xp_is_mpu() {
  return *&xp_asking<line>::asked && xp_on_memory_core();
}
#define __is_mpu() xp_is_mpu<__LINE__>()
inline bool __is_ipu() { return !xp_on_memory_core(); }

// Tasks are numbered without the memory cores; one has the number of its cluster's first task.
inline unsigned xp_without(unsigned at) {
  return xp_has_memory_core ? at / 5 * 4 + (at % 5 < 4 ? at % 5 : 0) : at;
}
inline unsigned xp_task() { return xp_without(xp::task); }
inline unsigned xp_tasks() { return xp_has_memory_core ? xp::task_dim / 5 * 4 : xp::task_dim; }

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
inline unsigned xp_core() {
  if (xp_on_memory_core()) return 0x80;
  return xp_by_cluster() ? xp::core : xp::task % 4;
}
inline unsigned xp_cores() { return xp_by_cluster() && !xp_has_memory_core ? xp::core_dim : 4u; }

#define taskId (xp_task())
#define taskIdX (xp_without(xp::block_idx.x))
#define taskIdY (xp::block_idx.y)
#define taskIdZ (xp::block_idx.z)
#define taskDim (xp_tasks())
#define taskDimX (xp_has_memory_core ? xp::grid_dim.x / 5 * 4 : xp::grid_dim.x)
#define taskDimY (xp::grid_dim.y)
#define taskDimZ (xp::grid_dim.z)
#define clusterId (xp_cluster())
#define clusterDim (xp_clusters())
#define coreId (xp_core())
#define coreDim (xp_cores())

// A launch with its memory cores, where the text asks for them and the job has clusters.
inline xp::Geometry xp_with_memory_cores(xp::Geometry geometry) {
  xp_has_memory_core = xp_asks_for_memory_core && geometry.cluster == 4 && geometry.grid.x % 4 == 0;
  if (xp_has_memory_core) {
    geometry.grid.x = geometry.grid.x / 4 * 5;
    geometry.cluster = 5;
  }
  return geometry;
}

namespace xp {
// Chosen over the runtime's own for a kernel that is run without a host: one that uses SRAM is a job with clusters.
template <class F>
void launch_call(Geometry&& given, const char* name, F call) {
  Geometry geometry = given;
  bool shares = sram.begin != sram.end || xp_asks_for_memory_core;
  if (shares && geometry.cluster == 1 && geometry.grid.x % 4 == 0) geometry.cluster = 4;
  geometry = xp_with_memory_cores(geometry);
  launch(geometry, name, [](void* d) { (*static_cast<F*>(d))(); }, &call);
}
}  // namespace xp
