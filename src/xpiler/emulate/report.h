// How a finding is written: the frames it was met in, and one JSON object a line.
#pragma once

#include "machine.h"

#include <unistd.h>

namespace xp {

constexpr int FRAMES = 24;

struct Trace {
    std::uintptr_t pc[FRAMES];
    int n = 0;
};

void push(Trace& t, std::uintptr_t pc);          // if it is in the program's text
void walk(Trace& t, std::uintptr_t frame);       // follows saved frame pointers (all of ours is compiled with them)
void where(char* out, std::size_t size);         // the running thread, in words
void name_thread(char* out, std::size_t size, std::uint32_t linear); // thread of the launch, by its linear number

struct Json {
    char text[4096];
    std::size_t n = 0;
    void raw(const char* s) {
        while (*s && n + 2 < sizeof text) text[n++] = *s++;
    }
    void string(const char* key, const char* s) {
        raw(n > 1 ? ",\"" : "\"");
        raw(key), raw("\":\"");
        for (; *s && n + 10 < sizeof text; ++s) {
            if (*s == '"' || *s == '\\') text[n++] = '\\', text[n++] = *s;
            else text[n++] = static_cast<unsigned char>(*s) < 32 ? ' ' : *s;
        }
        raw("\"");
    }
    void number(const char* key, long long v) {
        char buffer[64];
        std::snprintf(buffer, sizeof buffer, "%s\"%s\":%lld", n > 1 ? "," : "", key, v);
        raw(buffer);
    }
    void trace(const char* key, const Trace& t) {
        char buffer[32];
        raw(",\""), raw(key), raw("\":[");
        for (int i = 0; i < t.n; ++i) {
            std::snprintf(buffer, sizeof buffer, "%s%llu", i ? "," : "", (unsigned long long)t.pc[i]);
            raw(buffer);
        }
        raw("]");
    }
    bool send() {
        raw("}\n");
        return write(findings_fd, text, n) >= 0;
    }
};

} // namespace xp
