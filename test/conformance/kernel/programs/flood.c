// Writes to its terminal for ever: what yes(1) does. The parent, an init whom ^C cannot kill, answers the child's signal.
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  char lines[8192];
  for (unsigned i = 0; i < sizeof lines; i++) lines[i] = i % 2 ? '\n' : 'y';
  if (fork() == 0)
    for (;;) write(1, lines, sizeof lines);
  int status = 0;
  wait(&status);
  return WTERMSIG(status);
}
