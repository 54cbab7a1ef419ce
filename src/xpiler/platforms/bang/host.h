// The host runtime (CNRT): queues, device memory, launches. Current and older names.
#pragma once
#include "../host_library.h"

typedef enum { cnrtSuccess = 0, CNRT_RET_SUCCESS = 0, cnrtErrorArgsInvalid = 100001 } cnrtRet_t;
typedef struct cnrtQueueStruct* cnrtQueue_t;
typedef struct cnrtNotifierStruct* cnrtNotifier_t;
typedef int cnrtDev_t;
typedef struct {
  unsigned int x, y, z;
} cnrtDim3_t;

// The value is the number of cores a job takes.
typedef enum {
  cnrtFuncTypeBlock = 1,
  cnrtFuncTypeUnion1 = 4,
  cnrtFuncTypeUnion2 = 8,
  cnrtFuncTypeUnion4 = 16,
  cnrtFuncTypeUnion8 = 32,
  cnrtFuncTypeUnion16 = 64,
  CNRT_FUNC_TYPE_BLOCK = 1,
  CNRT_FUNC_TYPE_UNION1 = 4,
  CNRT_FUNC_TYPE_UNION2 = 8,
  CNRT_FUNC_TYPE_UNION4 = 16,
  CNRT_FUNC_TYPE_UNION8 = 32,
  CNRT_FUNC_TYPE_UNION16 = 64
} cnrtFunctionType_t;

typedef enum {
  cnrtMemcpyHostToDev,
  cnrtMemcpyDevToDev,
  cnrtMemcpyDevToHost,
  cnrtMemcpyHostToHost,
  cnrtMemcpyNoDirection,
  CNRT_MEM_TRANS_DIR_HOST2DEV = 0,
  CNRT_MEM_TRANS_DIR_DEV2DEV = 1,
  CNRT_MEM_TRANS_DIR_DEV2HOST = 2,
  CNRT_MEM_TRANS_DIR_HOST2HOST = 3
} cnrtMemTransDir_t;

typedef enum {
  cnrtAttrClusterCount,
  cnrtAttrMcorePerCluster,
  cnrtAttrNramSizePerMcore,
  cnrtAttrWeightRamSizePerMcore,
  cnrtAttrMaxSRAMSizePerMcore
} cnrtDeviceAttr_t;

struct cnrtDeviceProp_t {
  char name[64] = "MLU";
  int clusterCount = 16, McorePerCluster = 4, NramSizePerMcore = 512 << 10, weightRamSizePerMcore = 512 << 10;
  int maxSramSizePerMcore = 2 << 20;
};

#ifdef XP_READING
#define XP_HOST(name, signature, ...) XP_PRIMITIVE(name) signature;
cnrtRet_t cudaConfigureCall(cnrtDim3_t dim, cnrtFunctionType_t type, cnrtQueue_t queue, void* unused = 0);
unsigned __cudaPushCallConfiguration(cnrtDim3_t dim, cnrtFunctionType_t type, cnrtQueue_t queue,
                                     void* unused = 0);
#else
#define XP_HOST(name, signature, ...) inline signature __VA_ARGS__

// A task is a group of one thread; a Union job's cores share SRAM four by four.
inline xp::Geometry xp_geometry(cnrtDim3_t dim, int type, cnrtQueue_t) {
  XP_REQUIRE(dim.x > 0 && dim.y > 0 && dim.z > 0, "a launch dimension is zero");
  XP_REQUIRE(type == 1 || type == 4 || type == 8 || type == 16 || type == 32 || type == 64,
             "there is no such job type");
  XP_REQUIRE(dim.x % unsigned(type) == 0, "dim.x must be a multiple of the cores of the job type");
  xp_job_cores = unsigned(type);
  xp_tags::clear();
  xp_capacity::forget();
  xp::Geometry geometry;
  geometry.grid = {dim.x, dim.y, dim.z};
  geometry.cluster = type == 1 ? 1 : 4;
  return xp_with_memory_cores(geometry);
}

inline xp::Copy xp_copy_kind(cnrtMemTransDir_t dir) {
  switch (dir) {
    case cnrtMemcpyHostToDev: return xp::Copy::host_to_device;
    case cnrtMemcpyDevToDev: return xp::Copy::device_to_device;
    case cnrtMemcpyDevToHost: return xp::Copy::device_to_host;
    case cnrtMemcpyHostToHost: return xp::Copy::host_to_host;
    default: return xp::Copy::any;
  }
}
#endif

XP_HOST("host.malloc", cnrtRet_t cnrtMalloc(void** pointer, size_t bytes), {
  *pointer = xp::dev_malloc(bytes);
  return cnrtSuccess;
})
XP_HOST("host.free", cnrtRet_t cnrtFree(void* pointer), {
  xp::dev_free(pointer);
  return cnrtSuccess;
})
XP_HOST("host.copy", cnrtRet_t cnrtMemcpy(void* dst, const void* src, size_t bytes, cnrtMemTransDir_t dir), {
  xp::dev_copy(dst, src, bytes, xp_copy_kind(dir));
  return cnrtSuccess;
})
XP_HOST("host.copy",
        cnrtRet_t cnrtMemcpyAsync(void* dst, const void* src, size_t bytes, cnrtQueue_t, cnrtMemTransDir_t dir), {
  xp::dev_copy(dst, src, bytes, xp_copy_kind(dir));
  return cnrtSuccess;
})
XP_HOST("host.fill", cnrtRet_t cnrtMemset(void* pointer, int value, size_t bytes), {
  xp::dev_set(pointer, value, bytes);
  return cnrtSuccess;
})
XP_HOST("host.fill", cnrtRet_t cnrtMemsetAsync(void* pointer, int value, size_t bytes, cnrtQueue_t), {
  xp::dev_set(pointer, value, bytes);
  return cnrtSuccess;
})

#define XP_NOTHING(signature) XP_HOST("host.nop", cnrtRet_t signature, { return cnrtSuccess; })
XP_NOTHING(cnrtInit(unsigned))
XP_NOTHING(cnrtSetDevice(int))
XP_HOST("host.nop", cnrtRet_t cnrtGetDevice(int* device), {
  *device = 0;
  return cnrtSuccess;
})
XP_NOTHING(cnrtGetDeviceHandle(cnrtDev_t*, int))
XP_NOTHING(cnrtSetCurrentDevice(cnrtDev_t))
XP_NOTHING(cnrtQueueCreate(cnrtQueue_t*))
XP_NOTHING(cnrtQueueSync(cnrtQueue_t))
XP_NOTHING(cnrtQueueDestroy(cnrtQueue_t))
XP_NOTHING(cnrtCreateQueue(cnrtQueue_t*))
XP_NOTHING(cnrtSyncQueue(cnrtQueue_t))
XP_NOTHING(cnrtDestroyQueue(cnrtQueue_t))
XP_NOTHING(cnrtSyncDevice())
XP_NOTHING(cnrtNotifierCreate(cnrtNotifier_t*))
XP_NOTHING(cnrtNotifierDestroy(cnrtNotifier_t))
XP_NOTHING(cnrtCreateNotifier(cnrtNotifier_t*))
XP_NOTHING(cnrtDestroyNotifier(cnrtNotifier_t*))
XP_NOTHING(cnrtPlaceNotifier(cnrtNotifier_t, cnrtQueue_t))
XP_NOTHING(cnrtWaitNotifier(cnrtNotifier_t))
XP_NOTHING(cnrtGetLastError())
XP_NOTHING(cnrtPeekAtLastError())
#undef XP_NOTHING
XP_HOST("host.nop", void cnrtDestroy(), {})
XP_HOST("host.nop", cnrtRet_t cnrtNotifierDuration(cnrtNotifier_t, cnrtNotifier_t, float* us), {
  *us = 0.0f;
  return cnrtSuccess;
})
XP_HOST("host.nop", const char* cnrtGetErrorStr(cnrtRet_t), { return "cnrtSuccess"; })
XP_HOST("host.properties", cnrtRet_t cnrtGetDeviceProperties(cnrtDeviceProp_t* properties, int), {
  *properties = cnrtDeviceProp_t();
  return cnrtSuccess;
})
#undef XP_HOST

// Read where it is called: a launch may be made as large as the device is.
inline cnrtRet_t cnrtDeviceGetAttribute(int* value, cnrtDeviceAttr_t attribute, int) {
  *value = attribute == cnrtAttrClusterCount              ? 16
           : attribute == cnrtAttrMcorePerCluster         ? 4
           : attribute == cnrtAttrMaxSRAMSizePerMcore     ? 2 << 20
                                                          : 512 << 10;
  return cnrtSuccess;
}

#define CNRT_CHECK(call) (void)(call)
