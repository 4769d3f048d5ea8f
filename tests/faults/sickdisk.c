/* A disk that fails: calls on files that match a pattern end with EIO.

   Loaded with LD_PRELOAD. The environment's SICK_DISK names a file with a line for each fault, "CALL PATTERN":
   CALL is open (for writing), write, fsync or rename; PATTERN is one of fnmatch(3), compared with the whole path
   ("*" spans "/"). The file is read at each call, so a fault strikes and is lifted while the program runs; where
   there is no such file, nothing fails. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))

static int sick(const char *call, const char *path)
{
    const char *orders = getenv("SICK_DISK");
    char text[4096], *line, *rest = NULL;
    int kept = errno, found = 0;
    long handle, got;

    if (orders == NULL || path == NULL)
        return 0;
    handle = syscall(SYS_openat, AT_FDCWD, orders, O_RDONLY | O_CLOEXEC, 0);
    if (handle >= 0) {
        got = syscall(SYS_read, handle, text, sizeof text - 1);
        syscall(SYS_close, handle);
        text[got > 0 ? got : 0] = '\0';
        for (line = strtok_r(text, "\n", &rest); line != NULL && !found; line = strtok_r(NULL, "\n", &rest)) {
            char *pattern = strchr(line, ' ');
            if (pattern == NULL)
                continue;
            *pattern++ = '\0';
            found = strcmp(line, call) == 0 && fnmatch(pattern, path, 0) == 0;
        }
    }
    errno = found ? EIO : kept;
    return found;
}

static int sick_handle(const char *call, int handle)
{
    char link[64], path[PATH_MAX];
    int kept = errno;
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length <= 0)
        return 0;
    path[length] = '\0';
    return sick(call, path);
}

/* Python and SQLite name files by whole paths, so what openat is relative to does not matter. */
#define OPEN(name, before, names)                                                                                  \
    int name before                                                                                                \
    {                                                                                                              \
        mode_t mode = 0;                                                                                           \
        va_list more;                                                                                              \
        va_start(more, flags);                                                                                     \
        if (flags & (O_CREAT | O_TMPFILE))                                                                         \
            mode = va_arg(more, mode_t);                                                                           \
        va_end(more);                                                                                              \
        if (WRITES(flags) && sick("open", path))                                                                   \
            return -1;                                                                                             \
        return REAL(name) names;                                                                                   \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
OPEN(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))

#define WRITE(type, name, takes, gives)                                                                            \
    type name takes                                                                                                \
    {                                                                                                              \
        return sick_handle("write", handle) ? -1 : REAL(name) gives;                                               \
    }

WRITE(ssize_t, write, (int handle, const void *bytes, size_t count), (handle, bytes, count))
WRITE(ssize_t, pwrite, (int handle, const void *bytes, size_t count, off_t at), (handle, bytes, count, at))
WRITE(ssize_t, pwrite64, (int handle, const void *bytes, size_t count, off64_t at), (handle, bytes, count, at))
WRITE(ssize_t, writev, (int handle, const struct iovec *parts, int count), (handle, parts, count))
WRITE(int, ftruncate, (int handle, off_t size), (handle, size))
WRITE(int, ftruncate64, (int handle, off64_t size), (handle, size))

int fsync(int handle)
{
    return sick_handle("fsync", handle) ? -1 : REAL(fsync)(handle);
}

int fdatasync(int handle)
{
    return sick_handle("fsync", handle) ? -1 : REAL(fdatasync)(handle);
}

int rename(const char *from, const char *to)
{
    return sick("rename", to) ? -1 : REAL(rename)(from, to);
}

int renameat(int at, const char *from, int there, const char *to)
{
    return sick("rename", to) ? -1 : REAL(renameat)(at, from, there, to);
}
