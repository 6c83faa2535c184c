/* A WASIX program: it imports from wasix_32v1, so its file functions are the SDK's own. */
#include <errno.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((import_module("wasix_32v1"), import_name("getcwd"))) int wasix_getcwd(char *path, unsigned *size);

int main(int argc, char **argv) {
  char path[256] = {0}, text[64] = {0};
  unsigned size = sizeof path;
  wasix_getcwd(path, &size);
  printf("%s %d in %s\n", argv[0], argc, path);
  FILE *file = fopen("/etc/motd", "r");
  if (file == NULL || fgets(text, sizeof text, file) == NULL) return printf("motd: %s\n", strerror(errno)), 1;
  printf("read %s", text);
  fclose(file);
  file = fopen("/data/written", "w");
  if (file == NULL || fprintf(file, "by wasix") < 0 || fclose(file) != 0) return printf("written: %s\n", strerror(errno)), 2;
  if (mkdir("/data/made", 0777) != 0) return printf("made: %s\n", strerror(errno)), 3;
  if (rename("/data/old", "/data/made/new") != 0) return printf("new: %s\n", strerror(errno)), 4;
  if (unlink("/data/gone") != 0) return printf("gone: %s\n", strerror(errno)), 5;
  DIR *directory = opendir("/data");
  int count = 0;
  while (directory != NULL && readdir(directory) != NULL) count++;
  printf("%d names in /data\n", count - 2);
  return 6;
}
