// The host runtime: device memory, copies, queues, events. XP_API gives the vendor's names.
#pragma once

typedef struct xp_stream* XP_API(Stream_t);
typedef struct xp_event* XP_API(Event_t);
enum XP_API(Error_t) { XP_API(Success) = 0, XP_API(ErrorInvalidValue) = 1, XP_API(ErrorMemoryAllocation) = 2 };
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
enum { XP_API(StreamNonBlocking) = 1, XP_API(MemAttachGlobal) = 1, XP_API(HostMallocDefault) = 0 };

#ifdef XP_READING
#define XP_HOST(name, signature, ...) XP_PRIMITIVE(name) signature;
// What `<<<grid, block, shared, stream>>>` is checked against.
extern "C" int cudaConfigureCall(dim3 grid, dim3 block, size_t shared = 0, void* stream = 0);
extern "C" unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared = 0, void* stream = 0);
#else
#define XP_HOST(name, signature, ...) inline signature __VA_ARGS__

inline xp::Geometry xp_geometry(dim3 grid, dim3 block, std::size_t shared = 0, XP_API(Stream_t) = nullptr) {
  xp::Geometry geometry;
  geometry.grid = grid;
  geometry.block = block;
  geometry.shared = shared;
  geometry.warp = XP_WARP;
  return geometry;
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
    xp::dev_copy(dst, src, bytes, static_cast<xp::Copy>(kind));     \
    return XP_API(Success);                                         \
  }

template <class T>
XP_HOST("host.malloc", XP_API(Error_t) XP_API(Malloc)(T** address, size_t bytes), XP_ALLOCATE)
template <class T>
XP_HOST("host.malloc", XP_API(Error_t) XP_API(MallocAsync)(T** address, size_t bytes, XP_API(Stream_t) stream),
        XP_ALLOCATE)
template <class T>
XP_HOST("host.malloc", XP_API(Error_t) XP_API(MallocManaged)(T** address, size_t bytes, unsigned flags = 1),
        XP_ALLOCATE)
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
XP_HOST("host.fill", XP_API(Error_t) XP_API(Memset)(void* address, int value, size_t bytes), {
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
template <class F>
XP_HOST("host.nop", XP_API(Error_t) XP_API(FuncSetAttribute)(F* kernel, XP_API(FuncAttribute) attribute, int value),
        XP_DONE)
#undef XP_HOST
#undef XP_DONE
#undef XP_ALLOCATE
#undef XP_COPY
