// What reading a host function needs of the C and C++ libraries; a run has the libraries themselves.
//
// Declarations only: the reader of hosts follows sizes, pointers and swaps, and passes over everything else.
#pragma once
#ifdef XP_READING
#include "initializer_list.h"

#ifndef NULL
#define NULL __null
#endif
#ifndef RAND_MAX
#define RAND_MAX 2147483647
#endif
#ifndef EXIT_SUCCESS
#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#endif
#ifndef CLOCKS_PER_SEC
#define CLOCKS_PER_SEC 1000000L
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#endif

typedef struct xp_file FILE;
extern FILE *stdin, *stdout, *stderr;
XP_PRIMITIVE("host.nop") int fprintf(FILE* file, const char* format, ...);
XP_PRIMITIVE("host.nop") int fflush(FILE* file);
typedef long time_t;
typedef long clock_t;
struct timeval {
  long tv_sec, tv_usec;
};
struct timespec {
  long tv_sec, tv_nsec;
};
extern "C++" {
XP_PRIMITIVE("host.nop") void exit(int status);
XP_PRIMITIVE("host.nop") void abort();
XP_PRIMITIVE("host.nop") void srand(unsigned seed);
int rand();
int atoi(const char* text);
double atof(const char* text);
long atol(const char* text);
long strtol(const char* text, char** end, int base);
int strcmp(const char* a, const char* b);
int strncmp(const char* a, const char* b, size_t n);
size_t strlen(const char* text);
char* strcpy(char* to, const char* from);
int sprintf(char* to, const char* format, ...);
int snprintf(char* to, size_t n, const char* format, ...);
int putchar(int c);
FILE* fopen(const char* name, const char* mode);
int fclose(FILE* file);
int fscanf(FILE* file, const char* format, ...);
size_t fread(void* to, size_t size, size_t n, FILE* file);
size_t fwrite(const void* from, size_t size, size_t n, FILE* file);
char* getenv(const char* name);
void* malloc(size_t bytes);
void* calloc(size_t count, size_t bytes);
void* realloc(void* old, size_t bytes);
void* aligned_alloc(size_t alignment, size_t bytes);
int posix_memalign(void** address, size_t alignment, size_t bytes);
void free(void* address);
void* memcpy(void* dst, const void* src, size_t bytes);
void* memset(void* address, int value, size_t bytes);
int memcmp(const void* a, const void* b, size_t bytes);
time_t time(time_t* t);
clock_t clock();
int gettimeofday(timeval* t, void* zone);
int clock_gettime(int which, timespec* t);
int usleep(unsigned us);
}

namespace std {
typedef decltype(nullptr) nullptr_t;
using ::abort;
using ::atof;
using ::atoi;
using ::calloc;
using ::exit;
using ::free;
using ::malloc;
using ::memcpy;
using ::memset;
using ::rand;
using ::srand;
using ::strcmp;
using ::strlen;
using ::time;

template <class T>
T&& move(T& x) {
  return (T&&)x;
}
template <class T>
inline void swap(T& a, T& b) {
  T t = a;
  a = b;
  b = t;
}
template <class T, class U>
inline T exchange(T& a, U b) {
  T t = a;
  a = b;
  return t;
}
template <class A, class B>
struct pair {
  A first;
  B second;
};
template <class A, class B>
pair<A, B> make_pair(A a, B b);

struct exception {
  const char* what() const;
};
struct bad_alloc : exception {};
struct string {
  string();
  string(const char* text);
  const char* c_str() const;
  size_t size() const;
  size_t length() const;
  bool empty() const;
  string& operator+=(const string& other);
};
string operator+(const string& a, const string& b);
bool operator==(const string& a, const string& b);
bool operator!=(const string& a, const string& b);
template <class T>
string to_string(T x);
struct runtime_error : exception {
  runtime_error(const char* text);
  runtime_error(const string& text);
};
struct logic_error : exception {
  logic_error(const char* text);
  logic_error(const string& text);
};
struct invalid_argument : logic_error {
  using logic_error::logic_error;
};
struct out_of_range : logic_error {
  using logic_error::logic_error;
};
int stoi(const string& text);

template <class T>
struct vector {
  typedef T value_type;
  vector();
  vector(size_t n);
  vector(size_t n, const T& value);
  vector(initializer_list<T> items);
  template <class I>
  vector(I* first, I* last);
  T* data();
  const T* data() const;
  size_t size() const;
  bool empty() const;
  T& operator[](size_t i);
  const T& operator[](size_t i) const;
  T& at(size_t i);
  T* begin();
  T* end();
  const T* begin() const;
  const T* end() const;
  T& front();
  T& back();
  const T& front() const;
  const T& back() const;
  void resize(size_t n);
  void resize(size_t n, const T& value);
  void reserve(size_t n);
  void assign(size_t n, const T& value);
  void clear();
  void push_back(const T& value);
  template <class... A>
  void emplace_back(A... args);
};
template <class T>
bool operator==(const vector<T>& a, const vector<T>& b);
template <class T, size_t n>
struct array {
  T items[n];
  T* data();
  size_t size() const;
  T& operator[](size_t i);
  T* begin();
  T* end();
  void fill(const T& value);
};
template <class T>
struct default_delete {};
template <class T, class D = default_delete<T>>
struct unique_ptr {
  T* held;
  unique_ptr(T* p = nullptr) : held(p) {}
  T* get() const { return held; }
  T& operator*() const { return *held; }
  T* operator->() const { return held; }
};
template <class T, class D>
struct unique_ptr<T[], D> {
  unique_ptr(T* p);
  T* get() const;
  T& operator[](size_t i) const;
};
template <class T>
unique_ptr<T> make_unique(size_t n);

struct ostream {
  ostream& operator<<(ostream& (*change)(ostream&));
  ostream& flush();
};
template <class T>
ostream& operator<<(ostream& out, const T& value);
extern ostream cout, cerr, clog;
ostream& endl(ostream& out);
ostream& flush(ostream& out);
struct xp_width {};
xp_width setw(int n);
xp_width setprecision(int n);
ostream& fixed(ostream& out);
ostream& scientific(ostream& out);

template <class I, class F>
void generate(I first, I last, F make);
template <class I, class T>
void iota(I first, I last, T value);
template <class I, class T>
T accumulate(I first, I last, T start);
template <class I>
void sort(I first, I last);
template <class I, class J>
bool equal(I first, I last, J other);
template <class I, class J>
J copy(I first, I last, J to);
template <class I>
I max_element(I first, I last);
template <class I, class J, class F>
J transform(I first, I last, J to, F f);
template <class I, class F>
F for_each(I first, I last, F f);

struct random_device {
  unsigned operator()();
};
struct mt19937 {
  mt19937(unsigned seed = 0);
  mt19937(random_device& source);
  unsigned operator()();
};
typedef mt19937 default_random_engine;
typedef mt19937 mt19937_64;
typedef mt19937 minstd_rand;
#define XP_DISTRIBUTION(name, type)  \
  template <class T = type>          \
  struct name {                      \
    name();                          \
    name(T a, T b);                  \
    template <class G>               \
    T operator()(G& source);         \
  };
XP_DISTRIBUTION(uniform_real_distribution, double)
XP_DISTRIBUTION(normal_distribution, double)
XP_DISTRIBUTION(uniform_int_distribution, int)
#undef XP_DISTRIBUTION

template <long a, long b = 1>
struct ratio {};
typedef ratio<1, 1000> milli;
typedef ratio<1, 1000000> micro;
typedef ratio<1, 1000000000> nano;
namespace chrono {
template <class T, class R = ratio<1>>
struct duration {
  duration();
  template <class S, class Q>
  duration(const duration<S, Q>& other);
  T count() const;
};
typedef duration<long, nano> nanoseconds;
typedef duration<long, micro> microseconds;
typedef duration<long, milli> milliseconds;
typedef duration<long> seconds;
struct time_point {};
nanoseconds operator-(const time_point& a, const time_point& b);
struct xp_clock {
  typedef chrono::time_point time_point;
  static time_point now();
};
typedef xp_clock high_resolution_clock;
typedef xp_clock steady_clock;
typedef xp_clock system_clock;
template <class D, class T, class R>
D duration_cast(const duration<T, R>& d);
}  // namespace chrono
}  // namespace std
#endif
