// Stands in for the Catch2 test framework: as much of its vocabulary as device tests use, and a main that counts.
#pragma once
#include <cmath>
#include <cstdio>
#include <exception>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace Catch {

struct Test {
    const char* name;
    void (*body)();
};

inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

struct Registered {
    Registered(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

struct RegisteredAll {
    RegisteredAll(const char* name, std::initializer_list<void (*)()> bodies) {
        for (auto body : bodies) tests().push_back({name, body});
    }
};

struct Stop {};

// One run of a test case goes through one section that has not been gone through, and one choice of generated values.
struct Journey {
    std::set<std::string> done;
    std::vector<std::string> path;
    std::set<std::string> entered; // prefixes below which a section was entered in this run
    bool more = false;
    std::map<int, std::size_t> chosen, sizes;
    int failed = 0, passed = 0;
};

inline Journey& journey() {
    static Journey j;
    return j;
}

struct Section {
    std::string key;
    bool inside = false;
    explicit Section(const char* name) {
        Journey& j = journey();
        std::string above;
        for (const std::string& p : j.path) above += p + "/";
        key = above + name;
        if (j.done.count(key)) return;
        if (j.entered.count(above)) {
            j.more = true;
            return;
        }
        j.entered.insert(above);
        j.path.push_back(name);
        inside = true;
    }
    ~Section() {
        if (!inside) return;
        Journey& j = journey();
        j.path.pop_back();
        if (!j.more) j.done.insert(key);
    }
    Section(const Section&) = delete;
    explicit operator bool() const { return inside; }
};

template <class T> T generated(int place, std::initializer_list<T> values) {
    Journey& j = journey();
    j.sizes[place] = values.size();
    return values.begin()[j.chosen[place]];
}
template <class T, class... U> auto generate(int place, T first, U... rest) {
    using Common = std::common_type_t<T, U...>;
    return generated<Common>(place, {static_cast<Common>(first), static_cast<Common>(rest)...});
}

// The next choice of generated values; false when all were there.
inline bool next_choice() {
    Journey& j = journey();
    for (auto& [place, count] : j.sizes) {
        if (++j.chosen[place] < count) return true;
        j.chosen[place] = 0;
    }
    return false;
}

inline void verdict(bool good, const char* what, int line) {
    if (good) {
        ++journey().passed;
        return;
    }
    ++journey().failed;
    std::printf("line %d: failed: %.300s\n", line, what);
}

inline bool run(const Test& test) {
    journey() = Journey{};
    Journey& j = journey();
    std::printf("test %s\n", test.name);
    try {
        do {
            do {
                j.more = false;
                j.entered.clear();
                j.path.clear();
                test.body();
            } while (j.more);
            j.done.clear();
        } while (next_choice());
    } catch (const Stop&) {
    } catch (const std::exception& e) {
        verdict(false, e.what(), 0);
    }
    std::printf("%s %s: %d passed, %d failed\n", j.failed ? "FAILED" : "passed", test.name, j.passed, j.failed);
    return !j.failed;
}

class Approx {
    double value_, epsilon_ = std::numeric_limits<float>::epsilon() * 100, margin_ = 0, scale_ = 0;

public:
    template <class T> explicit Approx(T value) : value_(static_cast<double>(value)) {}
    Approx& epsilon(double e) { return epsilon_ = e, *this; }
    Approx& margin(double m) { return margin_ = m, *this; }
    Approx& scale(double s) { return scale_ = s, *this; }
    bool near(double x) const {
        if (x == value_) return true;
        double width = std::isinf(value_) ? 0 : std::fabs(value_);
        return std::fabs(x - value_) <= margin_ || std::fabs(x - value_) <= epsilon_ * (scale_ + width);
    }
};
template <class T> bool operator==(const T& x, const Approx& a) { return a.near(static_cast<double>(x)); }
template <class T> bool operator==(const Approx& a, const T& x) { return a.near(static_cast<double>(x)); }
template <class T> bool operator!=(const T& x, const Approx& a) { return !(x == a); }
template <class T> bool operator!=(const Approx& a, const T& x) { return !(x == a); }

} // namespace Catch

using Catch::Approx;

#define XP_CATCH_JOIN2(a, b) a##b
#define XP_CATCH_JOIN(a, b) XP_CATCH_JOIN2(a, b)
#define XP_CATCH_FIRST(name, ...) name
#define XP_CATCH_TEST(body, ...)                                                                                       \
    static void body();                                                                                                \
    static Catch::Registered XP_CATCH_JOIN(body, _known){XP_CATCH_FIRST(__VA_ARGS__, ""), body};                       \
    static void body()
#define TEST_CASE(...) XP_CATCH_TEST(XP_CATCH_JOIN(catch_test_, __LINE__), __VA_ARGS__)
// A type may stand in brackets: XP_CATCH_BARE((pair<a, b>)) is pair<a, b>, and XP_CATCH_BARE(int) is int.
#define XP_CATCH_OPEN(...) XP_CATCH_OPEN __VA_ARGS__
#define XP_CATCH_NO_XP_CATCH_OPEN
#define XP_CATCH_BARE3(...) XP_CATCH_NO_##__VA_ARGS__
#define XP_CATCH_BARE2(...) XP_CATCH_BARE3(__VA_ARGS__)
#define XP_CATCH_BARE(...) XP_CATCH_BARE2(XP_CATCH_OPEN __VA_ARGS__)
// macro(with, x) for each x that follows.
#define XP_CATCH_NONE ()
#define XP_CATCH_SCAN(...) XP_CATCH_SCAN3(XP_CATCH_SCAN3(XP_CATCH_SCAN3(XP_CATCH_SCAN3(__VA_ARGS__))))
#define XP_CATCH_SCAN3(...) XP_CATCH_SCAN2(XP_CATCH_SCAN2(XP_CATCH_SCAN2(XP_CATCH_SCAN2(__VA_ARGS__))))
#define XP_CATCH_SCAN2(...) XP_CATCH_SCAN1(XP_CATCH_SCAN1(XP_CATCH_SCAN1(XP_CATCH_SCAN1(__VA_ARGS__))))
#define XP_CATCH_SCAN1(...) __VA_ARGS__
#define XP_CATCH_EACH(macro, with, ...) __VA_OPT__(XP_CATCH_SCAN(XP_CATCH_NEXT(macro, with, __VA_ARGS__)))
#define XP_CATCH_NEXT(macro, with, x, ...)                                                                             \
    macro(with, x) __VA_OPT__(XP_CATCH_AGAIN XP_CATCH_NONE(macro, with, __VA_ARGS__))
#define XP_CATCH_AGAIN() XP_CATCH_NEXT
#define XP_CATCH_INSTANCE(body, x) &body<XP_CATCH_BARE(x)>,
#define XP_CATCH_TEMPLATE(body, name, ...)                                                                             \
    template <class TestType> static void body();                                                                      \
    static Catch::RegisteredAll XP_CATCH_JOIN(body, _known){name, {XP_CATCH_EACH(XP_CATCH_INSTANCE, body, __VA_ARGS__)}}; \
    template <class TestType> static void body()
#define TEMPLATE_TEST_CASE(name, tags, ...) XP_CATCH_TEMPLATE(XP_CATCH_JOIN(catch_test_, __LINE__), name, __VA_ARGS__)
#define SECTION(...) if (Catch::Section XP_CATCH_JOIN(catch_section_, __LINE__){XP_CATCH_FIRST(__VA_ARGS__, "")}; XP_CATCH_JOIN(catch_section_, __LINE__))
#define GENERATE(...) Catch::generate(__LINE__, __VA_ARGS__)
#define GENERATE_COPY(...) Catch::generate(__LINE__, __VA_ARGS__)
#define CHECK(...) Catch::verdict(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __LINE__)
#define REQUIRE(...)                                                                                                   \
    do {                                                                                                               \
        bool catch_good = static_cast<bool>(__VA_ARGS__);                                                              \
        Catch::verdict(catch_good, #__VA_ARGS__, __LINE__);                                                            \
        if (!catch_good) throw Catch::Stop{};                                                                          \
    } while (false)
#define REQUIRE_FALSE(...) REQUIRE(!(__VA_ARGS__))
#define REQUIRE_NOTHROW(...)                                                                                           \
    do {                                                                                                               \
        try {                                                                                                          \
            static_cast<void>(__VA_ARGS__);                                                                            \
            Catch::verdict(true, "", __LINE__);                                                                        \
        } catch (const std::exception&) {                                                                              \
            Catch::verdict(false, #__VA_ARGS__, __LINE__);                                                             \
            throw Catch::Stop{};                                                                                       \
        }                                                                                                              \
    } while (false)
#define INFO(...) static_cast<void>(0)
#define FAIL(...) (Catch::verdict(false, "FAIL", __LINE__), throw Catch::Stop{})

int main() {
    int bad = 0, all = 0;
    for (const Catch::Test& t : Catch::tests()) bad += !Catch::run(t), ++all;
    std::printf("%d of %d test cases failed\n", bad, all);
    return bad ? 1 : 0;
}
