// Arithmetic the language leaves undefined, as -fsanitize places the calls: indices outside declared arrays end the
// run; overflow, conversions out of range and misaligned pointers are noted, where the user's own text does them.
#include "report.h"
#include "fibers.h"

#include <cstring>
#include <set>

namespace {

struct Location {
    const char* file;
    unsigned line, column;
};

struct TypeName {
    unsigned short kind, info;
    char name[1];
    bool is_signed() const { return info & 1; }
    unsigned bits() const { return 1u << (info >> 1); }
};

struct OutOfBounds {
    Location at;
    TypeName *array, *index;
};

struct Overflow {
    Location at;
    TypeName* type;
};

struct Conversion {
    Location at;
    TypeName *from, *to;
};

struct Mismatch {
    Location at;
    TypeName* type;
    unsigned char log_alignment, kind;
};

long long integer(const TypeName* type, unsigned long value) {
    unsigned bits = type->bits();
    if (bits > 64) return *reinterpret_cast<long long*>(value);
    auto v = (long long)value;
    if (bits < 64) {
        v &= (1ll << bits) - 1;
        if (type->is_signed() && v >> (bits - 1)) v -= 1ll << bits;
    }
    return v;
}

double real(const TypeName* type, unsigned long value) {
    double d = 0;
    float f = 0;
    switch (type->info) {
    case 32: std::memcpy(&f, &value, 4); return f;
    case 64: std::memcpy(&d, &value, 8); return d;
    default: return double(*reinterpret_cast<long double*>(value));
    }
}

bool in_user_text(const Location& at) { return at.file && !std::strcmp(at.file, "/xp/text"); }

void note(const char* code, const Location& at, const char* message) {
    static std::set<std::pair<unsigned, unsigned>> seen;
    if (!in_user_text(at) || seen.size() > 64 || !seen.insert({at.line, at.column}).second) return;
    char place[256];
    xp::where(place, sizeof place);
    xp::Json j;
    j.raw("{");
    j.string("code", code), j.string("message", message), j.string("where", place), j.number("noted", 1);
    j.string("file", at.file), j.number("line", at.line), j.number("column", at.column);
    xp::Trace none;
    j.trace("pcs", none);
    j.send();
}

void overflow(Overflow* data, unsigned long a, unsigned long b, const char* op) {
    char message[256];
    std::snprintf(message, sizeof message, "%lld %s %lld overflows %s", integer(data->type, a), op,
                  integer(data->type, b), data->type->name);
    note("XP2142", data->at, message);
}

} // namespace

extern "C" {

void __ubsan_handle_out_of_bounds(OutOfBounds* data, unsigned long index) {
    long long value = integer(data->index, index);
    char message[256];
    std::snprintf(message, sizeof message, "index %lld is outside an array of type %s", value, data->array->name);
    xp::declared_bounds(data->at.file, int(data->at.line), int(data->at.column), value, message);
}

void __ubsan_handle_out_of_bounds_abort(OutOfBounds* data, unsigned long index) {
    __ubsan_handle_out_of_bounds(data, index);
}

void __ubsan_handle_add_overflow(Overflow* data, unsigned long a, unsigned long b) { overflow(data, a, b, "+"); }
void __ubsan_handle_sub_overflow(Overflow* data, unsigned long a, unsigned long b) { overflow(data, a, b, "-"); }
void __ubsan_handle_mul_overflow(Overflow* data, unsigned long a, unsigned long b) { overflow(data, a, b, "*"); }
void __ubsan_handle_negate_overflow(Overflow* data, unsigned long a) { overflow(data, 0, a, "-"); }

void __ubsan_handle_divrem_overflow(Overflow* data, unsigned long a, unsigned long b) { overflow(data, a, b, "/"); }

void __ubsan_handle_float_cast_overflow(void* raw, unsigned long value) {
    auto data = static_cast<Conversion*>(raw);
    char message[256];
    std::snprintf(message, sizeof message, "%g does not fit into %s; the conversion is undefined",
                  real(data->from, value), data->to->name);
    note("XP2143", data->at, message);
}

// Processors of the C platforms load from any address; device code must not.
void __ubsan_handle_type_mismatch_v1(Mismatch* data, unsigned long p) {
    std::size_t alignment = std::size_t(1) << data->log_alignment;
    if (!xp::current || p % alignment == 0) return;
    char message[256];
    std::snprintf(message, sizeof message, "%s of %s, which must start at a multiple of %zu bytes, at address %#lx",
                  data->kind == 1 || data->kind == 4 ? "store" : "access", data->type->name, alignment, p);
    note("XP2109", data->at, message);
}

} // extern "C"
