// The host runtime: device memory, copies, queues, events. XP_API gives the vendor's names.
#pragma once

#include "host_library.h"

typedef struct xp_stream* XP_API(Stream_t);
typedef struct xp_event* XP_API(Event_t);
enum XP_API(Error_t) {
  XP_API(Success) = 0,
  XP_API(ErrorInvalidValue) = 1,
  XP_API(ErrorMemoryAllocation) = 2,
  XP_API(ErrorOutOfMemory) = 2,
  XP_API(ErrorInvalidConfiguration) = 9,
  XP_API(ErrorNoDevice) = 100,
  XP_API(ErrorInvalidDevice) = 101,
  XP_API(ErrorNotReady) = 600,
  XP_API(ErrorLaunchFailure) = 719,
  XP_API(ErrorUnknown) = 999
};
enum XP_API(MemcpyKind) {
  XP_API(MemcpyHostToHost),
  XP_API(MemcpyHostToDevice),
  XP_API(MemcpyDeviceToHost),
  XP_API(MemcpyDeviceToDevice),
  XP_API(MemcpyDefault)
};
enum XP_API(FuncAttribute) {
  XP_API(FuncAttributeMaxDynamicSharedMemorySize) = 8,
  XP_API(FuncAttributePreferredSharedMemoryCarveout) = 9
};
enum XP_API(FuncCache) {
  XP_API(FuncCachePreferNone),
  XP_API(FuncCachePreferShared),
  XP_API(FuncCachePreferL1),
  XP_API(FuncCachePreferEqual)
};
enum XP_API(DeviceAttr) {
  XP_API(DevAttrMaxThreadsPerBlock) = 1,
  XP_API(DevAttrMaxSharedMemoryPerBlock) = 8,
  XP_API(DevAttrWarpSize) = 10,
  XP_API(DevAttrMultiProcessorCount) = 16
};
enum XP_API(Limit) {
  XP_API(LimitStackSize) = 0,
  XP_API(LimitPrintfFifoSize) = 1,
  XP_API(LimitMallocHeapSize) = 2
};
enum {
  XP_API(StreamDefault) = 0,
  XP_API(StreamNonBlocking) = 1,
  XP_API(MemAttachGlobal) = 1,
  XP_API(MemAttachHost) = 2,
  XP_API(HostMallocDefault) = 0,
  XP_API(HostMallocPortable) = 1,
  XP_API(HostMallocMapped) = 2,
  XP_API(HostMallocWriteCombined) = 4,
  XP_API(EventDefault) = 0,
  XP_API(EventDisableTiming) = 2,
  XP_API(DeviceScheduleAuto) = 0
};

// What a program may ask of the device; the numbers are those of the architecture the platform is for.
struct XP_API(DeviceProp) {
  char name[256] = "xpiler emulator";
  char gcnArchName[256] = "gfx942";
  size_t totalGlobalMem = 16ull << 30, sharedMemPerBlock = 48 << 10, totalConstMem = 64 << 10, memPitch = 0x7fffffff;
  size_t sharedMemPerBlockOptin = XP_WARP == 32 ? 227 << 10 : 64 << 10;
  size_t sharedMemPerMultiprocessor = XP_WARP == 32 ? 227 << 10 : 64 << 10;
  int maxThreadsDim[3] = {1024, 1024, XP_WARP == 32 ? 64 : 1024}, maxGridSize[3] = {0x7fffffff, 65535, 65535};
  int regsPerBlock = 65536, regsPerMultiprocessor = 65536, warpSize = XP_WARP, maxThreadsPerBlock = 1024;
  int maxThreadsPerMultiProcessor = 2048, maxBlocksPerMultiProcessor = 32, multiProcessorCount = 108;
  int major = 9, minor = 0, clockRate = 1000000, memoryClockRate = 1000000, memoryBusWidth = 1024;
  int l2CacheSize = 40 << 20, integrated = 0, canMapHostMemory = 1, concurrentKernels = 1, asyncEngineCount = 1;
  int unifiedAddressing = 1, managedMemory = 1, computeMode = 0, pciBusID = 0, pciDeviceID = 0, deviceOverlap = 1;
  int cooperativeLaunch = 1, ECCEnabled = 0, kernelExecTimeoutEnabled = 0, multiGpuBoardGroupID = 0;
};

typedef XP_API(DeviceProp) XP_API(DeviceProp_t);

#ifdef XP_READING
#define XP_HOST(name, signature, ...) XP_PRIMITIVE(name) signature;
// What `<<<grid, block, shared, stream>>>` is checked against.
extern "C" int cudaConfigureCall(dim3 grid, dim3 block, size_t shared = 0, void* stream = 0);
extern "C" unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared = 0, void* stream = 0);
#else
#define XP_HOST(name, signature, ...) inline signature __VA_ARGS__

// Bytes of dynamic shared memory a launch may ask for; more after the kernel's attribute was set, up to the limit.
inline constexpr size_t xp_shared_limit = XP_WARP == 32 ? 227 << 10 : 64 << 10;
inline size_t xp_shared_allowed = XP_WARP == 32 ? 48 << 10 : 64 << 10;

inline xp::Geometry xp_geometry(dim3 grid, dim3 block, std::size_t shared = 0, XP_API(Stream_t) = nullptr) {
  xp::Geometry geometry;
  geometry.grid = grid;
  geometry.block = block;
  geometry.shared = shared;
  geometry.warp = XP_WARP;
  geometry.max_grid = {0x7fffffff, 65535, 65535};
  geometry.max_block = {1024, 1024, XP_WARP == 32 ? 64u : 1024u};
#ifndef XP_REAL_F64
  geometry.max_shared = xp_shared_allowed;
#endif
  return geometry;
}
#endif

#ifndef XP_READING
// Variables of the file whose addresses were asked for: memory of the device that no allocation returned.
inline std::vector<std::pair<const char*, size_t>> xp_symbols;
inline bool xp_in_symbol(const void* p, size_t bytes) {
  auto c = static_cast<const char*>(p);
  for (auto& s : xp_symbols)
    if (s.first <= c && c + bytes <= s.first + s.second) return true;
  return false;
}
#endif

#define XP_DONE                \
  {                            \
    return XP_API(Success);    \
  }
#define XP_ALLOCATE                                                 \
  {                                                                 \
    *address = static_cast<T*>(xp::dev_malloc(bytes));              \
    return XP_API(Success);                                         \
  }
#define XP_COPY                                                     \
  {                                                                 \
    if (xp_in_symbol(dst, bytes) || xp_in_symbol(src, bytes))       \
      std::memmove(dst, src, bytes);                                \
    else                                                            \
      xp::dev_copy(dst, src, bytes, static_cast<xp::Copy>(kind));   \
    return XP_API(Success);                                         \
  }

template <class T>
XP_HOST("host.malloc", XP_API(Error_t) XP_API(Malloc)(T** address, size_t bytes), XP_ALLOCATE)
template <class T>
XP_HOST("host.malloc", XP_API(Error_t) XP_API(MallocAsync)(T** address, size_t bytes, XP_API(Stream_t) stream),
        XP_ALLOCATE)
template <class T>
XP_HOST("host.managed", XP_API(Error_t) XP_API(MallocManaged)(T** address, size_t bytes, unsigned flags = 1), {
  *address = static_cast<T*>(xp::dev_malloc(bytes));
  std::memset((void*)*address, 0, bytes);
  return XP_API(Success);
})
template <class T>
XP_HOST("host.pinned", XP_API(Error_t) XP_API(MallocHost)(T** address, size_t bytes, unsigned flags = 0), {
  *address = static_cast<T*>(std::calloc(bytes, 1));
  return XP_API(Success);
})
template <class T>
XP_HOST("host.pinned", XP_API(Error_t) XP_API(HostAlloc)(T** address, size_t bytes, unsigned flags = 0), {
  *address = static_cast<T*>(std::calloc(bytes, 1));
  return XP_API(Success);
})
template <class T>
XP_HOST("host.pinned", XP_API(Error_t) XP_API(HostMalloc)(T** address, size_t bytes, unsigned flags = 0), {
  *address = static_cast<T*>(std::calloc(bytes, 1));
  return XP_API(Success);
})
// A row takes the next multiple of 512 bytes (CUDA Runtime API, "cudaMallocPitch": the pitch is the runtime's choice).
template <class T>
XP_HOST("host.pitch", XP_API(Error_t) XP_API(MallocPitch)(T** address, size_t* pitch, size_t width, size_t height), {
  *pitch = (width + 511) / 512 * 512;
  *address = static_cast<T*>(xp::dev_malloc(*pitch * height));
  return XP_API(Success);
})
XP_HOST("host.free", XP_API(Error_t) XP_API(FreeHost)(void* address), {
  std::free(address);
  return XP_API(Success);
})
XP_HOST("host.free", XP_API(Error_t) XP_API(HostFree)(void* address), {
  std::free(address);
  return XP_API(Success);
})
XP_HOST("host.free", XP_API(Error_t) XP_API(Free)(void* address), {
  xp::dev_free(address);
  return XP_API(Success);
})
XP_HOST("host.free", XP_API(Error_t) XP_API(FreeAsync)(void* address, XP_API(Stream_t) stream), {
  xp::dev_free(address);
  return XP_API(Success);
})
XP_HOST("host.copy",
        XP_API(Error_t) XP_API(Memcpy)(void* dst, const void* src, size_t bytes, XP_API(MemcpyKind) kind), XP_COPY)
XP_HOST("host.copy",
        XP_API(Error_t) XP_API(MemcpyAsync)(void* dst, const void* src, size_t bytes, XP_API(MemcpyKind) kind,
                                            XP_API(Stream_t) stream = 0),
        XP_COPY)
#define XP_ROWS                                                                                    \
  {                                                                                                \
    for (size_t r = 0; r < height; ++r)                                                            \
      xp::dev_copy((char*)dst + r * dpitch, (const char*)src + r * spitch, width, static_cast<xp::Copy>(kind)); \
    return XP_API(Success);                                                                        \
  }
XP_HOST("host.rows",
        XP_API(Error_t) XP_API(Memcpy2D)(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width,
                                         size_t height, XP_API(MemcpyKind) kind),
        XP_ROWS)
XP_HOST("host.rows",
        XP_API(Error_t) XP_API(Memcpy2DAsync)(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width,
                                              size_t height, XP_API(MemcpyKind) kind, XP_API(Stream_t) stream = 0),
        XP_ROWS)
template <class T>
XP_HOST("host.to_symbol",
        XP_API(Error_t) XP_API(MemcpyToSymbol)(const T& symbol, const void* src, size_t count, size_t offset = 0,
                                               XP_API(MemcpyKind) kind = XP_API(MemcpyHostToDevice)), {
          XP_REQUIRE(offset + count <= sizeof(T), "the copy does not lie inside the symbol");
          std::memcpy((char*)&symbol + offset, src, count);
          return XP_API(Success);
        })
template <class T>
XP_HOST("host.to_symbol",
        XP_API(Error_t) XP_API(MemcpyToSymbolAsync)(const T& symbol, const void* src, size_t count, size_t offset,
                                                    XP_API(MemcpyKind) kind, XP_API(Stream_t) stream = 0), {
          XP_REQUIRE(offset + count <= sizeof(T), "the copy does not lie inside the symbol");
          std::memcpy((char*)&symbol + offset, src, count);
          return XP_API(Success);
        })
template <class T>
XP_HOST("host.from_symbol",
        XP_API(Error_t) XP_API(MemcpyFromSymbol)(void* dst, const T& symbol, size_t count, size_t offset = 0,
                                                 XP_API(MemcpyKind) kind = XP_API(MemcpyDeviceToHost)), {
          XP_REQUIRE(offset + count <= sizeof(T), "the copy does not lie inside the symbol");
          std::memcpy(dst, (const char*)&symbol + offset, count);
          return XP_API(Success);
        })
template <class T>
XP_HOST("host.from_symbol",
        XP_API(Error_t) XP_API(MemcpyFromSymbolAsync)(void* dst, const T& symbol, size_t count, size_t offset,
                                                      XP_API(MemcpyKind) kind, XP_API(Stream_t) stream = 0), {
          XP_REQUIRE(offset + count <= sizeof(T), "the copy does not lie inside the symbol");
          std::memcpy(dst, (const char*)&symbol + offset, count);
          return XP_API(Success);
        })
template <class P, class T>
XP_HOST("host.symbol_address", XP_API(Error_t) XP_API(GetSymbolAddress)(P** address, const T& symbol), {
  *address = (P*)&symbol;
  xp_symbols.push_back({(const char*)&symbol, sizeof(T)});
  return XP_API(Success);
})
template <class T>
XP_HOST("host.symbol_size", XP_API(Error_t) XP_API(GetSymbolSize)(size_t* size, const T& symbol), {
  *size = sizeof(T);
  return XP_API(Success);
})
XP_HOST("host.fill", XP_API(Error_t) XP_API(Memset)(void* address, int value, size_t bytes), {
  if (xp_in_symbol(address, bytes))
    std::memset(address, value, bytes);
  else
    xp::dev_set(address, value, bytes);
  return XP_API(Success);
})
XP_HOST("host.fill",
        XP_API(Error_t) XP_API(MemsetAsync)(void* address, int value, size_t bytes, XP_API(Stream_t) stream = 0), {
          xp::dev_set(address, value, bytes);
          return XP_API(Success);
        })
XP_HOST("host.nop", XP_API(Error_t) XP_API(DeviceSynchronize)(), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(DeviceReset)(), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(SetDevice)(int device), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(GetLastError)(), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(PeekAtLastError)(), XP_DONE)
XP_HOST("host.nop", const char* XP_API(GetErrorString)(XP_API(Error_t) error), { return "no error"; })
XP_HOST("host.nop", const char* XP_API(GetErrorName)(XP_API(Error_t) error), { return "success"; })
XP_HOST("host.nop", XP_API(Error_t) XP_API(StreamCreate)(XP_API(Stream_t) * stream), {
  *stream = nullptr;
  return XP_API(Success);
})
XP_HOST("host.nop", XP_API(Error_t) XP_API(StreamCreateWithFlags)(XP_API(Stream_t) * stream, unsigned flags), {
  *stream = nullptr;
  return XP_API(Success);
})
XP_HOST("host.nop", XP_API(Error_t) XP_API(StreamSynchronize)(XP_API(Stream_t) stream), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(StreamDestroy)(XP_API(Stream_t) stream), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(EventCreate)(XP_API(Event_t) * event), {
  *event = nullptr;
  return XP_API(Success);
})
XP_HOST("host.nop", XP_API(Error_t) XP_API(EventRecord)(XP_API(Event_t) event, XP_API(Stream_t) stream = 0), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(EventSynchronize)(XP_API(Event_t) event), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(EventDestroy)(XP_API(Event_t) event), XP_DONE)
XP_HOST("host.nop",
        XP_API(Error_t) XP_API(EventElapsedTime)(float* ms, XP_API(Event_t) start, XP_API(Event_t) stop), {
          *ms = 1;
          return XP_API(Success);
        })
XP_HOST("host.nop", XP_API(Error_t) XP_API(EventCreateWithFlags)(XP_API(Event_t) * event, unsigned flags), {
  *event = nullptr;
  return XP_API(Success);
})
XP_HOST("host.nop", XP_API(Error_t) XP_API(EventQuery)(XP_API(Event_t) event), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(StreamQuery)(XP_API(Stream_t) stream), XP_DONE)
XP_HOST("host.nop",
        XP_API(Error_t) XP_API(StreamWaitEvent)(XP_API(Stream_t) stream, XP_API(Event_t) event, unsigned flags = 0),
        XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(ThreadSynchronize)(), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(ThreadExit)(), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(SetDeviceFlags)(unsigned flags), XP_DONE)
XP_HOST("host.nop", XP_API(Error_t) XP_API(DeviceSetCacheConfig)(XP_API(FuncCache) config), XP_DONE)
XP_HOST("host.nop",
        XP_API(Error_t) XP_API(MemPrefetchAsync)(const void* address, size_t bytes, int device,
                                                 XP_API(Stream_t) stream = 0),
        XP_DONE)
XP_HOST("host.gives:1", XP_API(Error_t) XP_API(GetDeviceCount)(int* count), {
  *count = 1;
  return XP_API(Success);
})
XP_HOST("host.gives:0", XP_API(Error_t) XP_API(GetDevice)(int* device), {
  *device = 0;
  return XP_API(Success);
})
XP_HOST("host.gives:13000", XP_API(Error_t) XP_API(DriverGetVersion)(int* version), {
  *version = 13000;
  return XP_API(Success);
})
XP_HOST("host.gives:13000", XP_API(Error_t) XP_API(RuntimeGetVersion)(int* version), {
  *version = 13000;
  return XP_API(Success);
})
XP_HOST("host.asks", XP_API(Error_t) XP_API(DeviceGetLimit)(size_t* value, XP_API(Limit) limit), {
  *value = limit == XP_API(LimitStackSize) ? 1024 : limit == XP_API(LimitPrintfFifoSize) ? 1 << 20 : 8 << 20;
  return XP_API(Success);
})
XP_HOST("host.nop", XP_API(Error_t) XP_API(DeviceSetLimit)(XP_API(Limit) limit, size_t value), XP_DONE)
XP_HOST("host.asks", XP_API(Error_t) XP_API(MemGetInfo)(size_t* available, size_t* total), {
  *available = *total = size_t(16) << 30;
  return XP_API(Success);
})
XP_HOST("host.attribute:1=1024,8=49152,10=warp,16=108",
        XP_API(Error_t) XP_API(DeviceGetAttribute)(int* value, XP_API(DeviceAttr) attribute, int device), {
          *value = attribute == XP_API(DevAttrMaxThreadsPerBlock)        ? 1024
                   : attribute == XP_API(DevAttrWarpSize)                ? XP_WARP
                   : attribute == XP_API(DevAttrMaxSharedMemoryPerBlock) ? 48 << 10
                                                                         : 108;
          return XP_API(Success);
        })
XP_HOST("host.properties", XP_API(Error_t) XP_API(GetDeviceProperties)(XP_API(DeviceProp) * prop, int device), {
  *prop = XP_API(DeviceProp)();
  return XP_API(Success);
})
template <class F>
XP_HOST("host.nop", XP_API(Error_t) XP_API(FuncSetCacheConfig)(F* kernel, XP_API(FuncCache) config), XP_DONE)
template <class F>
XP_HOST("host.gives:108,256",
        XP_API(Error_t) XP_API(OccupancyMaxPotentialBlockSize)(int* grid, int* block, F kernel, size_t shared = 0,
                                                               int limit = 0), {
          *grid = 108;
          *block = limit > 0 && limit < 256 ? limit : 256;
          return XP_API(Success);
        })
template <class F>
XP_HOST("host.quotient:2048",
        XP_API(Error_t) XP_API(OccupancyMaxActiveBlocksPerMultiprocessor)(int* blocks, F kernel, int threads,
                                                                          size_t shared), {
          *blocks = 2048 / (threads > 0 ? threads : 1);
          return XP_API(Success);
        })
template <class F>
XP_HOST("host.nop", XP_API(Error_t) XP_API(FuncSetAttribute)(F* kernel, XP_API(FuncAttribute) attribute, int value), {
          if (attribute != XP_API(FuncAttributeMaxDynamicSharedMemorySize)) return XP_API(Success);
          if (value < 0 || size_t(value) > xp_shared_limit) return XP_API(ErrorInvalidValue);
          xp_shared_allowed = std::max(xp_shared_allowed, size_t(value));
          return XP_API(Success);
        })
#undef XP_HOST
#undef XP_DONE
#undef XP_ALLOCATE
#undef XP_COPY
#undef XP_ROWS
