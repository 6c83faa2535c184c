/* Every atomic builtin at every width, cmpxchg16b, and what the compiler makes of bit fields. */
#include <stdint.h>
#include <stdio.h>

#define ALL(type) do { \
  volatile type x = (type)0x1122334455667788ull, y = 3; \
  type e = y; \
  printf("%llx ", (unsigned long long)__atomic_fetch_add(&x, (type)5, __ATOMIC_SEQ_CST)); \
  printf("%llx ", (unsigned long long)__atomic_sub_fetch(&x, (type)7, __ATOMIC_SEQ_CST)); \
  printf("%llx ", (unsigned long long)__atomic_or_fetch(&x, (type)0x0f, __ATOMIC_SEQ_CST)); \
  printf("%llx ", (unsigned long long)__atomic_fetch_xor(&x, (type)-1, __ATOMIC_SEQ_CST)); \
  printf("%llx ", (unsigned long long)__atomic_and_fetch(&x, (type)0x7e7e7e7e, __ATOMIC_SEQ_CST)); \
  printf("%llx ", (unsigned long long)__atomic_exchange_n(&x, (type)9, __ATOMIC_SEQ_CST)); \
  printf("%d ", __atomic_compare_exchange_n(&y, &e, (type)10, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)); \
  printf("%d ", __atomic_compare_exchange_n(&y, &e, (type)11, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)); \
  printf("%llx %llx %llx\n", (unsigned long long)x, (unsigned long long)y, (unsigned long long)e); \
} while (0)

struct bits { unsigned a : 3; int b : 7; uint64_t c : 40; signed d : 14; };

static int cmpxchg16(__int128 *where, __int128 *expected, __int128 wanted) {
  uint64_t low = (uint64_t)*expected, high = (uint64_t)(*expected >> 64);
  unsigned char done;
  __asm__ volatile("lock cmpxchg16b %1; sete %0" : "=q"(done), "+m"(*where), "+a"(low), "+d"(high)
    : "b"((uint64_t)wanted), "c"((uint64_t)(wanted >> 64)) : "cc", "memory");
  *expected = (__int128)high << 64 | low;
  return done;
}

int main(void) {
  ALL(uint8_t); ALL(uint16_t); ALL(uint32_t); ALL(uint64_t); ALL(int8_t); ALL(int64_t);
  static __int128 wide __attribute__((aligned(16))) = 5;
  __int128 expected = 4;
  printf("%d ", cmpxchg16(&wide, &expected, (__int128)1 << 100));
  printf("%d ", cmpxchg16(&wide, &expected, (__int128)1 << 100));
  printf("%llx %llx\n", (unsigned long long)(wide >> 64), (unsigned long long)expected);
  struct bits bits = { 5, -3, 0x123456789aull, -77 };
  for (int i = 0; i < 50; i++) {
    bits.a += 3; bits.b = (int)(bits.b * 3 + i); bits.c = bits.c * 5 + bits.a; bits.d -= 11;
  }
  printf("%u %d %llx %d\n", bits.a, bits.b, (unsigned long long)bits.c, bits.d);
  return 0;
}
