#include <stdio.h>
#include <string.h>

/* Mount points and options as mountinfo shows them, without numbers. */
static void tree(const char *what) {
  printf("-- %s\n", what);
  FILE *f = fopen("/proc/self/mountinfo", "r");
  char line[1024];
  while (f && fgets(line, sizeof line, f)) {
    char root[256], point[256], options[256], rest[512];
    if (sscanf(line, "%*d %*d %*s %255s %255s %255s %511[^\n]", root, point, options, rest) != 4) continue;
    if (!strcmp(point, "/")) continue;
    char *dash = strstr(rest, "- ");
    char optional[64] = "";
    if (strstr(rest, "shared:")) strcat(optional, " shared");
    if (strstr(rest, "master:")) strcat(optional, " slave");
    if (strstr(rest, "unbindable")) strcat(optional, " unbindable");
    char *inode64 = strstr(dash, ",inode64");
    if (inode64) memmove(inode64, inode64 + 8, strlen(inode64 + 8) + 1);
    // The root's own filesystem is another one in every test.
    if (strstr(dash, "tmpfs root ") || strstr(dash, "tmpfs overlay ")) dash = "- root";
    printf("%s %s %s%s %s\n", root, point, options, optional, dash);
  }
  if (f) fclose(f);
}
