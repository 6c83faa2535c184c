// mount -t overlay: layers by paths, whiteouts and copies where they belong, and every refusal.
#include "check.h"
#include "own-root.h"

static void list(const char *path) {
  char *names[100];
  int count = 0;
  DIR *dir = opendir(path);
  if (!dir) { printf("%s: %s\n", path, strerrorname_np(errno)); return; }
  for (struct dirent *entry; (entry = readdir(dir));) if (entry->d_name[0] != '.') names[count++] = strdup(entry->d_name);
  closedir(dir);
  for (int i = 0; i < count; i++) for (int j = i + 1; j < count; j++)
    if (strcmp(names[i], names[j]) > 0) { char *t = names[i]; names[i] = names[j]; names[j] = t; }
  printf("%s:", path);
  for (int i = 0; i < count; i++) {
    struct stat st;
    char full[300];
    snprintf(full, sizeof full, "%s/%s", path, names[i]);
    lstat(full, &st);
    printf(" %s%s", names[i], S_ISDIR(st.st_mode) ? "/" : S_ISCHR(st.st_mode) ? "(whiteout)" : "");
  }
  puts("");
}

static int overlay(const char *options) { return mount("overlay", "/merged", "overlay", 0, options); }

int main(int argc, char **argv) {
  own_root(argc, argv);
  setvbuf(stdout, NULL, _IONBF, 0);
  umask(022);
  const char *directories[] = {"/low", "/low/sub", "/lower", "/lower/sub", "/t", "/merged", "/colon:s", "/proc", NULL};
  for (int i = 0; directories[i]; i++) mkdir(directories[i], 0755);
  mount("proc", "/proc", "proc", 0, NULL);
  SHOW(mount("t", "/t", "tmpfs", 0, NULL));
  mkdir("/t/up", 0755);
  mkdir("/t/work", 0755);
  mkdir("/t/up/inside", 0755);
  put("/low/one", "one");
  put("/low/gone", "gone");
  put("/low/both", "from low");
  put("/lower/both", "from lower");
  put("/lower/two", "two");
  put("/low/sub/a", "a");
  put("/lower/sub/b", "b");
  put("/colon:s/c", "c");
  SHOW(overlay(""));
  SHOW(overlay("upperdir=/t/up,workdir=/t/work"));
  SHOW(overlay("lowerdir=/none,upperdir=/t/up,workdir=/t/work"));
  SHOW(overlay("lowerdir=/low/one,upperdir=/t/up,workdir=/t/work"));
  SHOW(overlay("lowerdir=/low,upperdir=/t/up"));
  SHOW(overlay("lowerdir=/low,upperdir=/t/up,workdir=/t/none"));
  SHOW(overlay("lowerdir=/low,upperdir=/t/up,workdir=/low"));
  SHOW(overlay("lowerdir=/low,upperdir=/t/up,workdir=/t/up/inside"));
  SHOW(overlay("lowerdir=/low,colour=red"));
  rmdir("/t/up/inside");
  SHOW(overlay("lowerdir=/low:/lower"));
  list("/merged");
  get("/merged/both");
  SHOW(open("/merged/new", O_CREAT | O_WRONLY, 0644));
  SHOW(umount("/merged"));
  SHOW(overlay("lowerdir=/low:/lower:/colon\\:s,upperdir=/t/up,workdir=/t/work"));
  list("/merged");
  list("/merged/sub");
  get("/merged/c");
  list("/t/up");
  SHOW(unlink("/merged/gone"));
  put("/merged/one", "changed");
  put("/merged/new", "new");
  SHOW(rename("/merged/two", "/merged/sub/two"));
  SHOW(chmod("/merged/both", 0600));
  SHOW(rename("/merged/sub", "/merged/sub2"));
  SHOW(mkdir("/merged/fresh", 0755));
  SHOW(rmdir("/merged/sub"));
  get("/merged/one");
  get("/low/one");
  get("/t/up/one");
  list("/merged");
  list("/merged/sub");
  list("/t/up");
  list("/t/up/sub");
  mode("/merged/both");
  mode("/low/both");
  SHOW(unlink("/merged/new"));
  SHOW(access("/t/up/new", F_OK));
  int fd = open("/merged/one", O_RDWR);
  char *map = mmap(0, 7, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  map[0] = 'C';
  msync(map, 7, MS_SYNC);
  munmap(map, 7);
  close(fd);
  get("/merged/one");
  FILE *mounts = fopen("/proc/mounts", "r");
  char line[500];
  while (fgets(line, sizeof line, mounts))
    if (strstr(line, " /merged ")) printf("%.*s\n", (int)(strstr(line, "workdir=/t/work") + 15 - line), line);
  fclose(mounts);
  SHOW(umount("/merged"));
  list("/merged");
  list("/t/up");
  SHOW(overlay("lowerdir=/low:/lower,upperdir=/t/up,workdir=/t/work"));
  list("/merged");
  return 0;
}
