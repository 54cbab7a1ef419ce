#include <math.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>
typedef struct { int w, h; float gain; } Image;
typedef struct { float re, im; } cplx;
static cplx cmul(cplx a, cplx b) { cplx r = { a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re }; return r; }
static void init(Image* im, int w, int h) { im->w = w; im->h = h; im->gain = 2.0f; }
static inline int clampi(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }
static uint32_t hash(const uint8_t* p, int len) { uint32_t h = 2166136261u; while (len--) { h ^= *p++; h *= 16777619u; } return h; }
void filter(const float* src, float* dst, uint32_t* tags, int w, int h) {
  Image im;
  init(&im, w, h);
  for (int y = 0; y < im.h; ++y)
    for (int x = 0; x < im.w; ++x) {
      float acc = 0;
      for (int k = -1; k <= 1; ++k) acc += src[y * im.w + clampi(x + k, 0, im.w - 1)];
      cplx c = { acc, 1.0f }, d = cmul(c, c);
      dst[y * im.w + x] = im.gain * d.re + d.im;
      float v = dst[y * im.w + x];
      tags[y * im.w + x] = hash((const uint8_t*)&v, 4);
    }
}
