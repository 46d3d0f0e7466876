/* A disk that hangs, for a process that is started with this in LD_PRELOAD: while the file named by HUNG_DISK exists,
 * whoever reads, writes or syncs a file below the folder of the same name without ".hung" waits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void wait_while_hung(int fd) {
  const char* flag = getenv("HUNG_DISK");
  if (flag == NULL || access(flag, F_OK) != 0) return;
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  const size_t folder = strlen(flag) - strlen(".hung");
  if (strncmp(path, flag, folder) != 0 || path[folder] != '/') return;
  while (access(flag, F_OK) == 0) usleep(10000);
}

ssize_t pread64(int fd, void* data, size_t size, off64_t offset) {
  static ssize_t (*real)(int, void*, size_t, off64_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pread64");
  wait_while_hung(fd);
  return real(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  static ssize_t (*real)(int, const void*, size_t, off64_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite64");
  wait_while_hung(fd);
  return real(fd, data, size, offset);
}

int fsync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fsync");
  wait_while_hung(fd);
  return real(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fdatasync");
  wait_while_hung(fd);
  return real(fd);
}
