/* Sorting, searching, strings at every alignment, wide arithmetic, jumps: the plain C library. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

static uint64_t state = 1181783497276652981ull;
static uint64_t next(void) {
  state ^= state >> 12; state ^= state << 25; state ^= state >> 27;
  return state * 2685821657736338717ull;
}
static uint64_t digest;
static void mix(uint64_t value) { digest = (digest ^ value) * 1099511628211ull; digest ^= digest >> 29; }

static int compare(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static void strings(void) {
  static char from[600], to[600], other[600];
  for (int round = 0; round < 4000; round++) {
    unsigned at = next() % 64, length = next() % (round % 8 ? 80 : 400), target = next() % 64;
    for (unsigned i = 0; i < sizeof from; i++) from[i] = (char)(next() % 5 + 'a');
    from[at + length] = 0;
    memset(to, 'z', sizeof to);
    memset(to + target, (int)(next() & 127), length);
    mix(strlen(from + at));
    strcpy(to + target, from + at);
    mix((uint64_t)(strchr(from + at, 'c') ? strchr(from + at, 'c') - from : -1));
    mix((uint64_t)(strrchr(from + at, 'd') ? strrchr(from + at, 'd') - from : -1));
    mix((uint64_t)(strstr(from + at, "abc") ? strstr(from + at, "abc") - from : -1));
    mix(strspn(from + at, "abc")); mix(strcspn(from + at, "e"));
    memcpy(other, to, sizeof to);
    memmove(other + target, other + at, length);
    mix(memcmp(other, to, sizeof to) > 0);
    mix((uint64_t)(strcmp(from + at, other + target) > 0)); mix((uint64_t)(strncmp(from + at, to + target, length / 2) > 0));
    mix((uint64_t)(memchr(other, 'z', sizeof other) ? (char *)memchr(other, 'z', sizeof other) - other : -1));
    mix((uint64_t)strcasecmp(from + at, other + target) >> 31);
    for (unsigned i = 0; i < sizeof other; i++) mix((unsigned char)other[i]);
  }
  printf("strings %016llx\n", (unsigned long long)digest);
}

static void arithmetic(void) {
  for (int round = 0; round < 3000; round++) {
    uint64_t a = next() >> (next() % 64), b = (next() >> (next() % 64)) | 1;
    int64_t c = (int64_t)next() >> (next() % 64), d = ((int64_t)next() >> (next() % 64)) | 1;
    unsigned __int128 wide = (unsigned __int128)a * b + (uint64_t)c;
    mix(a / b); mix(a % b); mix((uint64_t)(c / d)); mix((uint64_t)(c % d));
    mix((uint64_t)(wide >> 64)); mix((uint64_t)(wide / b)); mix((uint64_t)(wide % (a | 1))); mix((uint64_t)((__int128)c * d >> 60));
    mix((uint64_t)__builtin_popcountll(a)); mix((uint64_t)__builtin_clzll(b)); mix((uint64_t)__builtin_ctzll(b));
    mix(__builtin_bswap64(a)); mix((uint64_t)(a << (b & 63) | a >> (-b & 63))); mix((uint32_t)a / (uint32_t)(b | 1));
    int64_t sum;
    mix((uint64_t)__builtin_add_overflow(c, d, &sum)); mix((uint64_t)sum);
    mix((uint64_t)__builtin_mul_overflow(c, d, &sum)); mix((uint64_t)sum);
    mix((uint16_t)a / (uint16_t)(b | 1)); mix((uint64_t)((int8_t)c / (int8_t)(d | 1)));
  }
  printf("arithmetic %016llx\n", (unsigned long long)digest);
}

static jmp_buf place;
static int depth(int n) {
  volatile char room[256];
  room[n & 255] = (char)n;
  if (n == 0) longjmp(place, 42);
  return depth(n - 1) + room[n & 255];
}
static long sum(int count, ...) {
  va_list list;
  long total = 0;
  va_start(list, count);
  for (int i = 0; i < count; i++) total += i % 3 == 2 ? (long)(va_arg(list, double) * 4) : va_arg(list, long);
  va_end(list);
  return total;
}

int main(int argc, char **argv, char **environment) {
  printf("%d %s %s\n", argc, argc > 1 ? argv[1] : "", environment[0]);
  static int64_t values[5000];
  for (int i = 0; i < 5000; i++) values[i] = (int64_t)next() >> (next() % 64);
  qsort(values, 5000, 8, compare);
  for (int i = 0; i < 5000; i++) mix((uint64_t)values[i]);
  int64_t wanted = values[1234];
  printf("sorted %016llx %d\n", (unsigned long long)digest, bsearch(&wanted, values, 5000, 8, compare) != NULL);
  strings();
  arithmetic();
  volatile int before = 7;
  int jumped = setjmp(place);
  if (jumped == 0) depth(500);
  printf("jumped %d %d\n", jumped, before);
  printf("%ld\n", sum(9, 1L, 2L, 2.5, 4L, 5L, -1.25, 7L, 8L, 1e6));
  char **blocks = calloc(2000, sizeof *blocks);
  for (int i = 0; i < 20000; i++) {
    unsigned at = next() % 2000;
    free(blocks[at]);
    size_t size = next() % (i % 50 ? 300 : 300000) + 1;
    blocks[at] = malloc(size);
    memset(blocks[at], i, size);
    if (i % 7 == 0) blocks[at] = realloc(blocks[at], size * 2);
    mix((unsigned char)blocks[at][size / 2]);
  }
  printf("blocks %016llx\n", (unsigned long long)digest);
  printf("%ld %lu %lld %s\n", strtol("-0x7fffffff", NULL, 16), strtoul("zz", NULL, 36), atoll("-9223372036854775808"), strerror(2));
  struct tm when = { .tm_year = 126, .tm_mon = 10, .tm_mday = 21 };
  time_t seconds = timegm(&when);
  char text[64];
  strftime(text, sizeof text, "%A %d %B %Y %j", gmtime(&seconds));
  printf("%s %lld %ls %5.2f%%\n", text, (long long)seconds, L"wide", 99.5);
  int a, b; char word[16]; double d;
  printf("%d", sscanf("12 -34 word 5.75", "%d %d %15s %lf", &a, &b, word, &d));
  printf(" %d %d %s %g\n", a, b, word, d);
  return 3;
}
