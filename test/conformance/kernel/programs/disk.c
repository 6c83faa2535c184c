/* Reads and writes of a file, for io.stat and io.max: "disk write BYTES", "disk read BYTES", "disk spin MS". */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char block[65536];

static long now_ms(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int main(int argc, char **argv) {
  long amount = atol(argv[2]);
  if (strcmp(argv[1], "spin") == 0) {
    volatile long turns = 0;
    for (long start = now_ms(CLOCK_MONOTONIC); now_ms(CLOCK_MONOTONIC) - start < amount;)
      for (int i = 0; i < 20000; i++) turns++;
    return 0;
  }
  int writes = strcmp(argv[1], "write") == 0;
  int fd = open("/file", writes ? O_WRONLY | O_CREAT : O_RDONLY, 0644);
  long start = now_ms(CLOCK_MONOTONIC);
  for (long done = 0; done < amount; done += sizeof block)
    if ((writes ? write(fd, block, sizeof block) : read(fd, block, sizeof block)) != sizeof block) return 1;
  long took = now_ms(CLOCK_MONOTONIC) - start;
  printf("%s\n", took >= atol(argv[3]) ? "waited" : "at once");
  return 0;
}
