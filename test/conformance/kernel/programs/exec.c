/* execve(2): what it refuses and how, what a new program is given, scripts, and rights of the file. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char image[4 << 20];
static long image_size;
static char *none[] = {0};

static void write_file(const char *path, const void *bytes, long size, int mode) {
  unlink(path);
  int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  write(fd, bytes, size);
  fchmod(fd, mode);
  close(fd);
}
static void script(const char *path, const char *text) { write_file(path, text, strlen(text), 0755); }

/* Tries a program in a child, which tells why it could not; then how it ended. */
static void attempt_with(const char *path, char **arguments, char **environment) {
  const char *name = (long)path < 4096 ? "nowhere" : path;
  fflush(stdout);
  if (fork() == 0) {
    execve(path, arguments, environment);
    printf("%.40s: %s\n", name, strerrorname_np(errno));
    fflush(stdout);
    _exit(99);
  }
  int status;
  wait(&status);
  if (WIFSIGNALED(status)) printf("%.40s: signal %d core %d\n", name, WTERMSIG(status), WCOREDUMP(status) != 0);
  else if (WEXITSTATUS(status) != 99) printf("%.40s: exit %d\n", name, WEXITSTATUS(status));
}
static void attempt(const char *path) {
  char *arguments[] = {"zero", "one", "two words", 0};
  attempt_with(path, arguments, none);
}

static void plain(void) {
  attempt("/missing");
  attempt("");
  attempt("/");
  attempt("/program/below");
  mkdir("/directory", 0755);
  attempt("/directory");
  write_file("/mode-600", image, image_size, 0600);
  attempt("/mode-600");
  write_file("/mode-001", image, image_size, 0001);
  attempt("/mode-001");
  script("/empty", "");
  attempt("/empty");
  script("/one-byte", "#");
  attempt("/one-byte");
  script("/text", "echo hello\n");
  attempt("/text");
  symlink("/loop", "/loop");
  attempt("/loop");
  symlink("/program", "/link");
  attempt("/link");
  attempt((char *)8);
  char *bad[] = {(char *)8, 0};
  attempt_with("/program", bad, none);
  attempt_with("/program", (char **)8, none);
  attempt_with("/program", 0, 0);
}

static void scripts(void) {
  script("/s-plain", "#!/program\n");
  attempt("/s-plain");
  script("/s-argument", "#! \t/program \t with some  blanks \t \nrest");
  attempt("/s-argument");
  script("/s-no-newline", "#!/program last");
  attempt("/s-no-newline");
  script("/s-nothing", "#!\n");
  attempt("/s-nothing");
  script("/s-blank", "#!  \t \n");
  attempt("/s-blank");
  script("/s-only", "#!");
  attempt("/s-only");
  script("/s-missing", "#!/no/such\n");
  attempt("/s-missing");
  script("/s-carriage", "#!/program\r\n");
  attempt("/s-carriage");
  script("/s-directory", "#!/directory\n");
  attempt("/s-directory");
  script("/s-mode", "#!/mode-600\n");
  attempt("/s-mode");
  script("/s-text", "#!/text\n");
  attempt("/s-text");
  char name[16], text[700];
  script("/chain0", "#!/program zero\n");
  for (int i = 1; i < 7; i++) {
    sprintf(name, "/chain%d", i);
    sprintf(text, "#!/chain%d arg%d\n", i - 1, i);
    script(name, text);
    attempt(name);
  }
  script("/self", "#!/self\n");
  attempt("/self");
  strcpy(text, "#!/");
  memset(text + 3, 'x', 300);
  strcpy(text + 303, "\n");
  script("/s-long", text);
  attempt("/s-long");
  strcpy(text, "#!/program ");
  memset(text + 11, 'y', 300);
  strcpy(text + 311, "\n");
  script("/s-long-argument", text);
  attempt("/s-long-argument");
}

static void *changed(long size) {
  static char copy[4 << 20];
  memcpy(copy, image, size);
  return copy;
}
static Elf64_Phdr *header_of(void *elf, int type) {
  Elf64_Ehdr *head = elf;
  Elf64_Phdr *headers = (void *)((char *)elf + head->e_phoff);
  for (int i = 0; i < head->e_phnum; i++)
    if (headers[i].p_type == type) return &headers[i];
  return 0;
}
#define ELF(name, change) \
  { \
    Elf64_Ehdr *elf = changed(image_size); \
    long size = image_size; \
    change; \
    write_file("/elf-" name, elf, size, 0755); \
    attempt("/elf-" name); \
  }
static void interpreter(Elf64_Ehdr *elf, const char *path, int size) {
  Elf64_Phdr *header = header_of(elf, PT_NOTE);
  header->p_type = PT_INTERP;
  header->p_offset = image_size - 64;
  header->p_filesz = size;
  memcpy((char *)elf + image_size - 64, path, size);
}
static void binaries(void) {
  ELF("whole", );
  ELF("10-bytes", size = 10);
  ELF("63-bytes", size = 63);
  ELF("64-bytes", size = 64);
  ELF("no-magic", elf->e_ident[1] = 'F');
  ELF("aarch64", elf->e_machine = EM_AARCH64);
  ELF("big-endian", elf->e_ident[EI_DATA] = 2);
  ELF("object", elf->e_type = ET_REL);
  ELF("core", elf->e_type = ET_CORE);
  ELF("no-headers", elf->e_phnum = 0);
  ELF("header-size", elf->e_phentsize = 32);
  ELF("headers-beyond", elf->e_phoff = image_size + 1000);
  ELF("no-loads", for (Elf64_Phdr *h; (h = header_of(elf, PT_LOAD)); h->p_type = PT_NULL));
  ELF("entry-nowhere", elf->e_entry = 0x10);
  ELF("crooked", header_of(elf, PT_LOAD)->p_offset = 8);
  ELF("file-over-memory", header_of(elf, PT_LOAD)->p_filesz = header_of(elf, PT_LOAD)->p_memsz + 1);
  ELF("code-cut", size = 8192);
  ELF("interpreter-missing", interpreter(elf, "/no/such/ld.so", 15));
  ELF("interpreter-open", interpreter(elf, "/program", 8));
  ELF("interpreter-short", interpreter(elf, "x", 1));
  ELF("interpreter-directory", interpreter(elf, "/directory", 11));
  ELF("interpreter-empty", interpreter(elf, "/empty", 7));
  ELF("interpreter-text", interpreter(elf, "/text", 6));
  ELF("interpreter-mode", interpreter(elf, "/mode-600", 10));
  script("/filled", "this is a text of more than sixty-four bytes, so that a header can be read from it whole");
  ELF("interpreter-filled", interpreter(elf, "/filled", 8));
}

static void sizes(void) {
  char *big = malloc(300000), *many[200];
  memset(big, 'a', 300000);
  char *one[] = {"/program", big, 0};
  for (int size = 131070; size <= 131073; size++) {
    big[size] = 0;
    printf("%d ", size);
    attempt_with("/program", one, none);
    big[size] = 'a';
  }
  big[100000] = 0;
  for (int count = 19; count <= 22; count++) {
    for (int i = 0; i < count; i++) many[i] = big;
    many[count] = 0;
    printf("%d ", count);
    attempt_with("/program", many, none);
  }
  struct rlimit limit = {8 << 20, RLIM_INFINITY}, small = {1 << 20, RLIM_INFINITY};
  setrlimit(RLIMIT_STACK, &small);
  many[2] = 0;
  attempt_with("/program", many, none);
  many[2] = big;
  many[3] = 0;
  attempt_with("/program", many, none);
  setrlimit(RLIMIT_STACK, &limit);
  free(big);
}

static void busy(void) {
  write_file("/copy", image, image_size, 0755);
  int fd = open("/copy", O_RDWR);
  attempt("/copy");
  close(fd);
  fd = open("/copy", O_RDONLY);
  attempt("/copy");
  close(fd);
  int gate[2];
  pipe(gate);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    dup2(gate[1], 9);
    execl("/copy", "copy", "wait", (char *)0);
    _exit(1);
  }
  char byte;
  read(gate[0], &byte, 1);
  int result = open("/copy", O_WRONLY);
  printf("writing: %d %s\n", result, strerrorname_np(errno));
  result = truncate("/copy", 10);
  printf("cutting: %d %s\n", result, strerrorname_np(errno));
  printf("reading: %d\n", open("/copy", O_RDONLY) >= 0);
  printf("unlinking: %d\n", unlink("/copy"));
  kill(child, 9);
  waitpid(child, 0, 0);
}

static void rights(void) {
  write_file("/setuid", image, image_size, 0755);
  chown("/setuid", 1000, 2000);
  for (int round = 0; round < 4; round++) {
    chmod("/setuid", round == 3 ? 02745 : 06755);
    fflush(stdout);
    if (fork() == 0) {
      if (round > 0) setresgid(3000, 3000, 3000), setresuid(4000, 4000, 4000);
      if (round == 2) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      execl("/setuid", "setuid", "ids", (char *)0);
      _exit(1);
    }
    wait(0);
  }
  fflush(stdout);
  if (fork() == 0) {
    setresuid(4000, 4000, 4000);
    attempt("/mode-600");
    attempt("/mode-001");
    attempt("/self");
    write_file("/mine", image, 10, 0755);
    _exit(0);
  }
  wait(0);
}

static void vector(void) {
  static const int types[] = {AT_PAGESZ, AT_CLKTCK, AT_PHENT, AT_PHNUM, AT_FLAGS, AT_UID, AT_EUID, AT_GID, AT_EGID, AT_SECURE, AT_BASE, AT_NOTELF};
  for (int i = 0; i < sizeof types / sizeof *types; i++) printf("%d=%lu ", types[i], getauxval(types[i]));
  printf("%s %s phdr %d entry %d random %d\n", (char *)getauxval(AT_EXECFN), (char *)getauxval(AT_PLATFORM),
         getauxval(AT_PHDR) % 4096 == 64, getauxval(AT_ENTRY) != 0, getauxval(AT_RANDOM) != 0);
  errno = 0;
  printf("%d %d %d\n", getauxval(AT_MINSIGSTKSZ) >= 800, getauxval(27) >= 20, getauxval(28) >= 32);
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "wait") == 0) {
    write(9, "x", 1);
    pause();
  }
  if (count > 1 && strcmp(arguments[1], "ids") == 0) {
    uid_t uid[3];
    gid_t gid[3];
    getresuid(&uid[0], &uid[1], &uid[2]);
    getresgid(&gid[0], &gid[1], &gid[2]);
    printf("ids %d %d %d %d %d %d secure %ld\n", uid[0], uid[1], uid[2], gid[0], gid[1], gid[2], getauxval(AT_SECURE));
    return 0;
  }
  if (count != 1) {
    printf("[%d]", count);
    for (int i = 0; i < count && i < 8; i++) printf(" <%.30s>(%zu)", arguments[i], strlen(arguments[i]));
    puts("");
    return 0;
  }
  if (strcmp(arguments[0], "/program") != 0) {
    printf("[1] <%s>\n", arguments[0]);
    return 0;
  }
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  setrlimit(RLIMIT_STACK, &(struct rlimit){8 << 20, RLIM_INFINITY});
  umask(0);
  chmod("/", 0777);
  int fd = open("/program", O_RDONLY);
  image_size = read(fd, image, sizeof image);
  close(fd);
  vector();
  plain();
  scripts();
  binaries();
  sizes();
  busy();
  rights();
  return 0;
}
