// What a watched program calls before every access, as -fsanitize=thread places the calls.
#include "shadow.h"

extern "C" {
void* __real_memcpy(void*, const void*, std::size_t);
void* __real_memmove(void*, const void*, std::size_t);
void* __real_memset(void*, int, std::size_t);
}

asm(".data\n.p2align 12\n.text\n"); // linked last: ends the page of the runtime's variables (edge.cpp)

namespace xp {

namespace {

// Whether any of these bits of a row of 64 words is set. The range lies in one page.
bool any(const std::uint64_t* words, unsigned from, unsigned count) {
    while (count) {
        unsigned bit = from % 64, n = std::min(64 - bit, count);
        std::uint64_t mask = (n == 64 ? ~0ull : (1ull << n) - 1) << bit;
        if (words[from / 64] & mask) return true;
        from += n, count -= n;
    }
    return false;
}

inline bool all(const std::uint64_t* words, unsigned from, unsigned count) {
    if (__builtin_expect(from % 64 + count <= 64 && count < 64, 1)) {
        std::uint64_t mask = (1ull << count) - 1;
        return (words[from / 64] >> from % 64 & mask) == mask;
    }
    while (count) {
        unsigned bit = from % 64, n = std::min(64 - bit, count);
        std::uint64_t mask = (n == 64 ? ~0ull : (1ull << n) - 1) << bit;
        if ((words[from / 64] & mask) != mask) return false;
        from += n, count -= n;
    }
    return true;
}

void know(std::uint64_t* words, unsigned from, unsigned count) {
    while (count) {
        unsigned bit = from % 64, n = std::min(64 - bit, count);
        words[from / 64] |= (n == 64 ? ~0ull : (1ull << n) - 1) << bit;
        from += n, count -= n;
    }
}

// Memory whose sharing with other threads matters: all that is followed, but for what a volatile access means there.
bool on_chip(std::uintptr_t p) {
    auto c = reinterpret_cast<const void*>(p);
    return shared.has(c, 1) || shared_dynamic.has(c, 1) || nram.has(c, 1) || wram.has(c, 1) || sram.has(c, 1);
}

inline void read_in(Page& page, std::uintptr_t p, std::size_t n, const Site& site, bool atomic, bool copies) {
    unsigned from = p % 4096;
    if (!copies && !all(page.known, from, unsigned(n))) note_unknown({p, n, site.pc, false});
    if (page.flight && any(page.flight, from, unsigned(n))) note_flight({p, n, site.pc, false});
    if (current) race_read(page, p, n, site, atomic);
}

inline void write_in(Page& page, std::uintptr_t p, std::size_t n, const Site& site, bool atomic, bool copies) {
    unsigned from = p % 4096;
    if (!all(page.known, from, unsigned(n))) {
        note_unknown({p, n, site.pc, true});
        if (!copies) know(page.known, from, unsigned(n));
    }
    if (page.flight && (any(page.flight, from, unsigned(n)) || any(page.flight + 64, from, unsigned(n))))
        note_flight({p, n, site.pc, true});
    if (current) race_write(page, p, n, site, atomic);
}

// What is written while nobody looks: it lies inside an array, and holds something from now on.
void write_aside(std::uintptr_t p, std::size_t bytes, const Site& site) {
    Quiet own;
    races_settle();
    each_page(p, bytes, [&](Page& page, std::uintptr_t at, unsigned n) {
        if (all(page.known, at % 4096, n)) return;
        note_unknown({at, n, site.pc, true});
        know(page.known, at % 4096, n);
    });
}

inline void on_read(std::uintptr_t p, std::size_t bytes, const Site& site, bool atomic = false) {
    if (!pages || quiet || passed_over()) return;
    Quiet own;
    races_settle();
    each_page(p, bytes, [&](Page& page, std::uintptr_t at, unsigned n) {
        read_in(page, at, n, site, atomic || atomic_depth, false);
    });
}

inline void on_write(std::uintptr_t p, std::size_t bytes, const Site& site, bool atomic = false) {
    if (!pages || quiet) return;
    if (passed_over()) return write_aside(p, bytes, site);
    Quiet own;
    races_settle();
    each_page(p, bytes, [&](Page& page, std::uintptr_t at, unsigned n) {
        write_in(page, at, n, site, atomic || atomic_depth, false);
    });
    if (__builtin_expect(asked, 0)) origin_write(p, bytes, site);
}

inline void on_copy(std::uintptr_t to, std::uintptr_t from, std::size_t bytes, const Site& site) {
    if (!pages || quiet || !bytes) return;
    Quiet own;
    races_settle();
    if (passed_over()) return shadow_copy(reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes);
    each_page(from, bytes, [&](Page& page, std::uintptr_t at, unsigned n) {
        read_in(page, at, n, site, false, true);
    });
    each_page(to, bytes, [&](Page& page, std::uintptr_t at, unsigned n) {
        write_in(page, at, n, site, false, true);
    });
    if (__builtin_expect(asked, 0)) origin_copy(to, from, bytes, site, false);
    shadow_copy(reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes);
}

template <class T, class F>
inline T atomically(volatile T* p, const Site& site, bool writes, F f) {
    auto at = reinterpret_cast<std::uintptr_t>(p);
    on_read(at, sizeof(T), site, true);
    if (writes) on_write(at, sizeof(T), site, true);
    T old = f();
    if (pages && !quiet && current) races_settle(), race_atomic();
    return old;
}

} // namespace

} // namespace xp

// Frame pointers are kept everywhere: the caller's frame is at ours, its return address above its own.
#define PC \
    xp::Site{reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)), \
             (*static_cast<std::uintptr_t**>(__builtin_frame_address(0)))[1]}
#define AT(p) reinterpret_cast<std::uintptr_t>(p)

#define XP_PLAIN(bytes) \
    void __tsan_read##bytes(void* p) { xp::on_read(AT(p), bytes, PC); } \
    void __tsan_write##bytes(void* p) { xp::on_write(AT(p), bytes, PC); }
#define XP_UNALIGNED(bytes) \
    void __tsan_unaligned_read##bytes(void* p) { xp::on_read(AT(p), bytes, PC); } \
    void __tsan_unaligned_write##bytes(void* p) { xp::on_write(AT(p), bytes, PC); }

// A volatile access to memory that other blocks see is how a program waits for them.
#define XP_VOLATILE(bytes) \
    void __tsan_volatile_read##bytes(void* p) { \
        bool flag = xp::current && !xp::on_chip(AT(p)); \
        xp::on_read(AT(p), bytes, PC, flag); \
        if (flag && xp::pages) xp::race_atomic(); \
    } \
    void __tsan_volatile_write##bytes(void* p) { \
        bool flag = xp::current && !xp::on_chip(AT(p)); \
        xp::on_write(AT(p), bytes, PC, flag); \
        if (flag && xp::pages) xp::race_atomic(); \
    } \
    void __tsan_unaligned_volatile_read##bytes(void* p) { xp::on_read(AT(p), bytes, PC); } \
    void __tsan_unaligned_volatile_write##bytes(void* p) { xp::on_write(AT(p), bytes, PC); }

#define XP_ATOMICS(bits, T) \
    T __tsan_atomic##bits##_load(const volatile T* p, int) { \
        return xp::atomically(const_cast<volatile T*>(p), PC, false, [&] { return __atomic_load_n(p, 0); }); \
    } \
    void __tsan_atomic##bits##_store(volatile T* p, T v, int) { \
        xp::atomically(p, PC, true, [&] { return __atomic_exchange_n(p, v, 0); }); \
    } \
    T __tsan_atomic##bits##_exchange(volatile T* p, T v, int) { \
        return xp::atomically(p, PC, true, [&] { return __atomic_exchange_n(p, v, 0); }); \
    } \
    XP_FETCH(bits, T, add) XP_FETCH(bits, T, sub) XP_FETCH(bits, T, and) XP_FETCH(bits, T, or) \
    XP_FETCH(bits, T, xor) XP_FETCH(bits, T, nand) \
    int __tsan_atomic##bits##_compare_exchange_strong(volatile T* p, T* expected, T v, int, int) { \
        int done = 0; \
        xp::atomically(p, PC, true, [&] { \
            done = __atomic_compare_exchange_n(p, expected, v, false, 0, 0); \
            return v; \
        }); \
        return done; \
    } \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile T* p, T* expected, T v, int, int) { \
        int done = 0; \
        xp::atomically(p, PC, true, [&] { \
            done = __atomic_compare_exchange_n(p, expected, v, false, 0, 0); \
            return v; \
        }); \
        return done; \
    } \
    T __tsan_atomic##bits##_compare_exchange_val(volatile T* p, T expected, T v, int, int) { \
        xp::atomically(p, PC, true, [&] { \
            __atomic_compare_exchange_n(p, &expected, v, false, 0, 0); \
            return v; \
        }); \
        return expected; \
    }
#define XP_FETCH(bits, T, op) \
    T __tsan_atomic##bits##_fetch_##op(volatile T* p, T v, int) { \
        return xp::atomically(p, PC, true, [&] { return __atomic_fetch_##op(p, v, 0); }); \
    }

extern "C" {

void __tsan_init() { xp::watched = true; }
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void*, void*) {}
void __tsan_vptr_read(void*) {}

XP_PLAIN(1) XP_PLAIN(2) XP_PLAIN(4) XP_PLAIN(8) XP_PLAIN(16)
XP_UNALIGNED(2) XP_UNALIGNED(4) XP_UNALIGNED(8) XP_UNALIGNED(16)
void __tsan_read_range(void* p, std::size_t n) { xp::on_read(AT(p), n, PC); }
void __tsan_write_range(void* p, std::size_t n) { xp::on_write(AT(p), n, PC); }

XP_VOLATILE(1) XP_VOLATILE(2) XP_VOLATILE(4) XP_VOLATILE(8) XP_VOLATILE(16)
XP_ATOMICS(8, unsigned char)
XP_ATOMICS(16, unsigned short)
XP_ATOMICS(32, unsigned)
XP_ATOMICS(64, unsigned long long)
void __tsan_atomic_thread_fence(int) {}
void __tsan_atomic_signal_fence(int) {}

void* __wrap_memcpy(void* to, const void* from, std::size_t n) {
    xp::on_copy(AT(to), AT(from), n, PC);
    return __real_memcpy(to, from, n);
}

void* __wrap_memmove(void* to, const void* from, std::size_t n) {
    xp::on_copy(AT(to), AT(from), n, PC);
    return __real_memmove(to, from, n);
}

void* __wrap_memset(void* to, int byte, std::size_t n) {
    xp::on_write(AT(to), n, PC);
    return __real_memset(to, byte, n);
}

} // extern "C"
