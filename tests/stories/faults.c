/* A disk that fails at the n-th call: counts this process's calls that change something below FAULT_ROOT, and at call
 * FAULT_AT does what FAULT_MODE says:
 *
 *   crash   the process is killed before the call
 *   torn    half of what was to be written is written, then the process is killed (other calls are made, then killed)
 *   ENOSPC  the call fails: the disk is full, this once
 *   EIO     the call fails: the disk is broken, this once
 *   full    this call and all that follow fail, but for those that free or only keep: the disk is full and stays full
 *   count   nothing, ever
 *
 * At its end the process writes the number of calls to FAULT_REPORT, which lies elsewhere; at the fault, what it was.
 * Only the process it was preloaded into is meant: its children do not inherit it, and a fork is passed over.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[4096], report[4096], mode[16];
static long at;
static long counted; /* changed atomically */
static pid_t owner;

static int below(const char *path) {
  size_t length = strlen(root);
  return length && strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static void tell(const char *text) {
  static int (*real_open)(const char *, int, ...);
  static ssize_t (*real_write)(int, const void *, size_t);
  if (!real_open) real_open = dlsym(RTLD_NEXT, "open");
  if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
  int fd = real_open(report, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (real_write(fd, text, strlen(text)) < 0) { /* nobody is left to be told */ }
  close(fd);
}

__attribute__((constructor)) static void begin(void) {
  const char *value = getenv("FAULT_ROOT");
  unsetenv("LD_PRELOAD");
  if (!value) return;
  snprintf(root, sizeof root, "%s", value);
  snprintf(report, sizeof report, "%s", getenv("FAULT_REPORT"));
  snprintf(mode, sizeof mode, "%s", getenv("FAULT_MODE"));
  at = atol(getenv("FAULT_AT"));
  owner = getpid();
}

__attribute__((destructor)) static void end(void) {
  char line[64];
  if (!owner || getpid() != owner) return;
  snprintf(line, sizeof line, "calls %ld\n", counted);
  tell(line);
}

static int grows(const char *call) {
  static const char *const others[] = {"unlink", "unlinkat", "rmdir", "ftruncate64", "fsync", "fdatasync", "rename"};
  for (size_t place = 0; place < sizeof others / sizeof *others; place++)
    if (strcmp(call, others[place]) == 0) return 0;
  return 1;
}

/* Whether this call on this path is the one; 0 is "go on", 1 "tear it", otherwise an errno. May not return. */
static int turn(const char *call, const char *path) {
  char line[4300];
  if (!owner || getpid() != owner || !below(path)) return 0;
  long number = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
  if (number < at || strcmp(mode, "count") == 0) return 0;
  int is_full = strcmp(mode, "full") == 0;
  if (number > at) return is_full && grows(call) ? ENOSPC : 0;
  snprintf(line, sizeof line, "%s at %s of %s\n", mode, call, path + strlen(root));
  tell(line);
  if (strcmp(mode, "crash") == 0) kill(getpid(), SIGKILL);
  if (strcmp(mode, "torn") == 0) return 1;
  if (is_full && !grows(call)) return 0;
  return strcmp(mode, "EIO") == 0 ? EIO : ENOSPC;
}

static int turn_fd(const char *call, int fd) {
  char link[64], path[4096];
  if (!owner || getpid() != owner) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return turn(call, path);
}

static int turn_at(const char *call, int folder, const char *path) {
  char link[64], whole[8192];
  if (!owner || getpid() != owner) return 0;
  if (path[0] == '/') return turn(call, path);
  snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
  ssize_t length = readlink(link, whole, 4000);
  if (length <= 0) return 0;
  snprintf(whole + length, sizeof whole - length, "/%s", path);
  return turn(call, whole);
}

#define FALL_OR_DO(fault, failed, call)    \
  if (fault > 1) {                         \
    errno = fault;                         \
    return failed;                         \
  }                                        \
  if (fault == 1) {                        \
    call;                                  \
    kill(getpid(), SIGKILL);               \
  }                                        \
  return call

ssize_t write(int fd, const void *data, size_t size) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  int fault = turn_fd("write", fd);
  if (fault == 1) size /= 2;
  FALL_OR_DO(fault, -1, real(fd, data, size));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
  int fault = turn_fd("pwrite64", fd);
  if (fault == 1) size /= 2;
  FALL_OR_DO(fault, -1, real(fd, data, size, offset));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  static ssize_t (*real)(int, const struct iovec *, int);
  if (!real) real = dlsym(RTLD_NEXT, "writev");
  int fault = turn_fd("writev", fd);
  if (fault == 1) count /= 2;
  FALL_OR_DO(fault, -1, real(fd, parts, count));
}

ssize_t sendfile64(int target, int source, off64_t *offset, size_t size) {
  static ssize_t (*real)(int, int, off64_t *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "sendfile64");
  int fault = turn_fd("sendfile64", target);
  if (fault == 1) size /= 2;
  FALL_OR_DO(fault, -1, real(target, source, offset, size));
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  static int (*real)(int, off64_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "posix_fallocate64");
  int fault = turn_fd("posix_fallocate64", fd);
  FALL_OR_DO(fault, fault, real(fd, offset, size));
}

#define ON_DESCRIPTOR(name)                        \
  int name(int fd) {                               \
    static int (*real)(int);                       \
    if (!real) real = dlsym(RTLD_NEXT, #name);     \
    int fault = turn_fd(#name, fd);                \
    FALL_OR_DO(fault, -1, real(fd));               \
  }
ON_DESCRIPTOR(fsync)
ON_DESCRIPTOR(fdatasync)

int ftruncate64(int fd, off64_t size) {
  static int (*real)(int, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "ftruncate64");
  int fault = turn_fd("ftruncate64", fd);
  FALL_OR_DO(fault, -1, real(fd, size));
}

int rename(const char *old, const char *new) {
  static int (*real)(const char *, const char *);
  if (!real) real = dlsym(RTLD_NEXT, "rename");
  int fault = turn_at("rename", AT_FDCWD, new);
  FALL_OR_DO(fault, -1, real(old, new));
}

int link(const char *old, const char *new) {
  static int (*real)(const char *, const char *);
  if (!real) real = dlsym(RTLD_NEXT, "link");
  int fault = turn_at("link", AT_FDCWD, new);
  FALL_OR_DO(fault, -1, real(old, new));
}

int symlink(const char *old, const char *new) {
  static int (*real)(const char *, const char *);
  if (!real) real = dlsym(RTLD_NEXT, "symlink");
  int fault = turn_at("symlink", AT_FDCWD, new);
  FALL_OR_DO(fault, -1, real(old, new));
}

#define ON_PATH(name)                              \
  int name(const char *path) {                     \
    static int (*real)(const char *);              \
    if (!real) real = dlsym(RTLD_NEXT, #name);     \
    int fault = turn_at(#name, AT_FDCWD, path);    \
    FALL_OR_DO(fault, -1, real(path));             \
  }
ON_PATH(unlink)
ON_PATH(rmdir)

int unlinkat(int folder, const char *path, int flags) {
  static int (*real)(int, const char *, int);
  if (!real) real = dlsym(RTLD_NEXT, "unlinkat");
  int fault = turn_at("unlinkat", folder, path);
  FALL_OR_DO(fault, -1, real(folder, path, flags));
}

int mkdir(const char *path, mode_t bits) {
  static int (*real)(const char *, mode_t);
  if (!real) real = dlsym(RTLD_NEXT, "mkdir");
  int fault = turn_at("mkdir", AT_FDCWD, path);
  FALL_OR_DO(fault, -1, real(path, bits));
}

#define ON_OPEN(name)                                                  \
  int name(const char *path, int flags, ...) {                         \
    static int (*real)(const char *, int, ...);                        \
    if (!real) real = dlsym(RTLD_NEXT, #name);                         \
    va_list rest;                                                      \
    va_start(rest, flags);                                             \
    mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                      \
    int fault = flags & O_CREAT ? turn_at(#name, AT_FDCWD, path) : 0;  \
    FALL_OR_DO(fault, -1, real(path, flags, bits));                    \
  }
ON_OPEN(open)
ON_OPEN(open64)

#define ON_OPENAT(name)                                                \
  int name(int folder, const char *path, int flags, ...) {             \
    static int (*real)(int, const char *, int, ...);                   \
    if (!real) real = dlsym(RTLD_NEXT, #name);                         \
    va_list rest;                                                      \
    va_start(rest, flags);                                             \
    mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                      \
    int fault = flags & O_CREAT ? turn_at(#name, folder, path) : 0;    \
    FALL_OR_DO(fault, -1, real(folder, path, flags, bits));            \
  }
ON_OPENAT(openat)
ON_OPENAT(openat64)
