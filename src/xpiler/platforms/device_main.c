// Calls an entry once: program IN OUT, two open files. device.py writes the one, reads the other, and appends xp_begin,
// xp_call and xp_end to the text. Every argument lies between pages that fault, and between bytes that are looked at.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

extern const char* xp_begin(void); // makes the device ready: NULL, or why it is not
extern void xp_call(void* const* at);
extern const char* xp_end(void); // waits for the device: NULL, or what went wrong on it

enum { PAGE = 4096, ALIGNED = 64, CANARY = 0xA5 };
enum { DONE, NOT_READY, TROUBLE, OUTSIDE };

struct {
  uint64_t status, token, nanoseconds, slot;
  char message[224];
} answer;

typedef struct {
  uint64_t bytes;
  unsigned char *start, *data, *end;
} Slot;

static void move(int file, unsigned char* at, uint64_t bytes, int out) {
  while (bytes) {
    ssize_t n = out ? write(file, at, bytes) : read(file, at, bytes);
    if (n <= 0) _exit(3);
    at += n;
    bytes -= (uint64_t)n;
  }
}

static void place(Slot* s) {
  uint64_t inner = (s->bytes + ALIGNED + PAGE - 1) / PAGE * PAGE;
  unsigned char* all = mmap(NULL, inner + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) _exit(4);
  s->start = all + PAGE;
  s->end = s->start + inner;
  mprotect(all, PAGE, PROT_NONE);
  mprotect(s->end, PAGE, PROT_NONE);
  memset(s->start, CANARY, inner);
  s->data = s->end - (s->bytes + ALIGNED - 1) / ALIGNED * ALIGNED;
}

static int untouched(const unsigned char* from, const unsigned char* to) {
  while (from < to)
    if (*from++ != CANARY) return 0;
  return 1;
}

static void finish(int file, uint64_t status, const char* message) {
  answer.status = status;
  if (message) strncpy(answer.message, message, sizeof answer.message - 1);
  move(file, (unsigned char*)&answer, sizeof answer, 1);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  int in = atoi(argv[1]), out = atoi(argv[2]);
  uint64_t count, token;
  move(in, (unsigned char*)&token, sizeof token, 0);
  move(in, (unsigned char*)&count, sizeof count, 0);
  Slot* slots = calloc(count + 1, sizeof(Slot));
  void** at = calloc(count + 1, sizeof(void*));
  if (!slots || !at) _exit(4);
  for (uint64_t i = 0; i < count; ++i) move(in, (unsigned char*)&slots[i].bytes, sizeof slots[i].bytes, 0);
  for (uint64_t i = 0; i < count; ++i) {
    place(&slots[i]);
    move(in, slots[i].data, slots[i].bytes, 0);
    at[i] = slots[i].data;
  }
  close(in);
  const char* lacking = xp_begin();
  if (lacking) {
    finish(out, NOT_READY, lacking);
    _exit(0);
  }
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  xp_call(at);
  const char* wrong = xp_end();
  clock_gettime(CLOCK_MONOTONIC, &after);
  answer.token = token;
  answer.nanoseconds = (uint64_t)(after.tv_sec - before.tv_sec) * 1000000000u + (uint64_t)after.tv_nsec
                       - (uint64_t)before.tv_nsec;
  uint64_t status = wrong ? TROUBLE : DONE;
  for (uint64_t i = 0; i < count && status == DONE; ++i)
    if (!untouched(slots[i].start, slots[i].data) || !untouched(slots[i].data + slots[i].bytes, slots[i].end)) {
      status = OUTSIDE;
      answer.slot = i;
    }
  finish(out, status, wrong);
  for (uint64_t i = 0; i < count; ++i) move(out, slots[i].data, slots[i].bytes, 1);
  _exit(0);
}
