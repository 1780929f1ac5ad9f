/* A disk that fills up, or becomes read-only, in the middle of a run.
 *
 * Preloaded into every process of a run, this counts the calls that write below the folder FAULTS_ROOT; the count is
 * shared through the file FAULTS_COUNTER. Call number FAULTS_AT and all later ones fail with the error FAULTS_ERRNO;
 * where FAULTS_AT is 0, calls are only counted. A disk that fills up takes half of the write that fills it.
 *
 * stdio writes through glibc's own entry points: of fopen we see the opening, and of fwrite nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum Verdict { GO, FIRST, LATER };

static long* counter; /* stays NULL, and everything passes, where the variables are not set */
static long at;
static int error;
static const char* root;
static size_t length;

__attribute__((constructor)) static void begin(void) {
  const char* file = getenv("FAULTS_COUNTER");
  root = getenv("FAULTS_ROOT");
  if (!file || !root || !getenv("FAULTS_AT") || !getenv("FAULTS_ERRNO")) return;
  length = strlen(root);
  at = atol(getenv("FAULTS_AT"));
  error = atoi(getenv("FAULTS_ERRNO"));
  int descriptor = open(file, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  void* memory = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (memory != MAP_FAILED) counter = memory;
}

static int inside(const char* path) {
  return counter && !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
}

static enum Verdict judge(const char* path) {
  if (!inside(path)) return GO;
  long number = __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
  return !at || number < at ? GO : number == at ? FIRST : LATER;
}

static int link_target(const char* link, char* path) {
  ssize_t size = readlink(link, path, PATH_MAX - 1);
  path[size < 0 ? 0 : size] = 0;
  return size > 0;
}

static const char* absolute(int folder, const char* name, char* path) {
  char link[64];
  if (name[0] == '/') return name;
  snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
  if (!counter || !link_target(link, path)) return "";
  strncat(path, "/", PATH_MAX - strlen(path) - 1);
  return strncat(path, name, PATH_MAX - strlen(path) - 1);
}

static enum Verdict judge_name(int folder, const char* name) {
  char path[PATH_MAX];
  return judge(absolute(folder, name, path));
}

static enum Verdict judge_descriptor(int descriptor) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  return counter && link_target(link, path) ? judge(path) : GO;
}

/* Removing frees space: it fails on a read-only disk alone, and is no writing that is counted. */
static enum Verdict judge_removal(int folder, const char* name) {
  char path[PATH_MAX];
  if (!counter || error != EROFS || !at || __atomic_load_n(counter, __ATOMIC_SEQ_CST) < at) return GO;
  return inside(absolute(folder, name, path)) ? LATER : GO;
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC); }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define UNLESS(verdict, failed, call) \
  if ((verdict) != GO) {              \
    errno = error;                    \
    return failed;                    \
  }                                   \
  return call;
#define MODE(last)            \
  va_list rest;               \
  va_start(rest, last);       \
  mode_t mode = va_arg(rest, mode_t); \
  va_end(rest);

#define OPEN(name)                                   \
  int name(const char* path, int flags, ...) {       \
    MODE(flags)                                      \
    UNLESS(writes(flags) ? judge_name(AT_FDCWD, path) : GO, -1, REAL(name)(path, flags, mode)) \
  }
#define OPENAT(name)                                         \
  int name(int folder, const char* path, int flags, ...) {   \
    MODE(flags)                                              \
    UNLESS(writes(flags) ? judge_name(folder, path) : GO, -1, REAL(name)(folder, path, flags, mode)) \
  }
#define FOPEN(name)                                         \
  FILE* name(const char* path, const char* how) {           \
    int reads = how[0] == 'r' && !strchr(how, '+');         \
    UNLESS(reads ? GO : judge_name(AT_FDCWD, path), NULL, REAL(name)(path, how)) \
  }
/* The write that fills the disk is cut short, and the next one fails. */
#define WRITE(name, parameters, ...)                                            \
  ssize_t name parameters {                                                     \
    enum Verdict verdict = judge_descriptor(descriptor);                        \
    if (verdict == FIRST && error == ENOSPC && size > 1) verdict = GO, size /= 2; \
    UNLESS(verdict, -1, REAL(name)(__VA_ARGS__))                                \
  }
/* A full disk lets a file be shortened. */
#define SHORTEN(name, type)                                                               \
  int name(int descriptor, type size) {                                                   \
    struct stat now;                                                                      \
    int frees = error == ENOSPC && !fstat(descriptor, &now) && size <= now.st_size;       \
    UNLESS(frees ? GO : judge_descriptor(descriptor), -1, REAL(name)(descriptor, size))   \
  }
#define ON_DESCRIPTOR(type, name, parameters, ...) \
  type name parameters { UNLESS(judge_descriptor(descriptor), -1, REAL(name)(__VA_ARGS__)) }
#define ON_NAME(name, verdict, parameters, ...) \
  int name parameters { UNLESS(verdict, -1, REAL(name)(__VA_ARGS__)) }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
FOPEN(fopen)
FOPEN(fopen64)
WRITE(write, (int descriptor, const void* data, size_t size), descriptor, data, size)
WRITE(pwrite, (int descriptor, const void* data, size_t size, off_t offset), descriptor, data, size, offset)
WRITE(pwrite64, (int descriptor, const void* data, size_t size, off64_t offset), descriptor, data, size, offset)
ON_DESCRIPTOR(ssize_t, writev, (int descriptor, const struct iovec* parts, int count), descriptor, parts, count)
SHORTEN(ftruncate, off_t)
SHORTEN(ftruncate64, off64_t)
ON_DESCRIPTOR(int, fsync, (int descriptor), descriptor)
ON_DESCRIPTOR(int, fdatasync, (int descriptor), descriptor)
ON_NAME(creat, judge_name(AT_FDCWD, path), (const char* path, mode_t mode), path, mode)
ON_NAME(creat64, judge_name(AT_FDCWD, path), (const char* path, mode_t mode), path, mode)
ON_NAME(mkdir, judge_name(AT_FDCWD, path), (const char* path, mode_t mode), path, mode)
ON_NAME(mkdirat, judge_name(folder, path), (int folder, const char* path, mode_t mode), folder, path, mode)
ON_NAME(rename, judge_name(AT_FDCWD, to), (const char* from, const char* to), from, to)
ON_NAME(renameat, judge_name(place, to), (int folder, const char* from, int place, const char* to), folder, from, place, to)
ON_NAME(renameat2, judge_name(place, to), (int folder, const char* from, int place, const char* to, unsigned int flags),
        folder, from, place, to, flags)
ON_NAME(unlink, judge_removal(AT_FDCWD, path), (const char* path), path)
ON_NAME(unlinkat, judge_removal(folder, path), (int folder, const char* path, int flags), folder, path, flags)
ON_NAME(rmdir, judge_removal(AT_FDCWD, path), (const char* path), path)
