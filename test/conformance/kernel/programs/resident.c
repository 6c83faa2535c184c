/* Resident pages by what is behind them: /proc/self/status and statm before and after touching some, in MiB. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB (1L << 20)
enum { ANONYMOUS, FILES, MEMORY, LOCKED, SHARED, KINDS };
static const char *const names[KINDS] = {"RssAnon", "RssFile", "RssShmem", "VmLck", "statm shared"};

static void count(long kb[KINDS]) {
  char name[32], line[256];
  long value;
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status))
    for (int kind = 0; kind < SHARED; kind++)
      if (sscanf(line, "%31[A-Za-z]: %ld kB", name, &value) == 2 && !strcmp(name, names[kind])) kb[kind] = value;
  fclose(status);
  FILE *statm = fopen("/proc/self/statm", "r");
  if (fscanf(statm, "%*d %*d %ld", &value) == 1) kb[SHARED] = value * 4;
  fclose(statm);
}

static void show(const char *what, const long before[KINDS]) {
  long now[KINDS];
  count(now);
  printf("%s:", what);
  for (int kind = 0; kind < KINDS; kind++) printf(" %s %+ld", names[kind], (now[kind] - before[kind] + 512) / 1024);
  printf("\n");
}

static char *map(long size, int flags, int fd) {
  return mmap(0, size, PROT_READ | PROT_WRITE, flags, fd, 0);
}

int main(void) {
  long before[KINDS];
  setvbuf(stdout, 0, _IONBF, 0);
  count(before);
  memset(map(8 * MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1), 1, 8 * MIB);
  show("private", before);
  char *common = map(4 * MIB, MAP_SHARED | MAP_ANONYMOUS, -1);
  memset(common, 1, 4 * MIB);
  show("shared", before);
  int fd = memfd_create("memory", 0);
  if (ftruncate(fd, 2 * MIB) != 0) return 1;
  memset(map(2 * MIB, MAP_SHARED, fd), 1, 2 * MIB);
  show("memfd", before);
  munmap(common, 4 * MIB);
  show("unmapped", before);
  mlock(map(MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1), MIB);
  show("locked", before);
  return 0;
}
