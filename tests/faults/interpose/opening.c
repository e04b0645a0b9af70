/* Opening and closing. */
#include "interpose.h"

static enum kind of_opening(int flags)
{
    return flags & (O_CREAT | O_TRUNC) || (flags & O_TMPFILE) == O_TMPFILE ? CREATE : OPEN;
}

#define MODE_OF(flags, mode)                                       \
    mode_t mode = 0;                                               \
    if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) { \
        va_list rest;                                              \
        va_start(rest, flags);                                     \
        mode = va_arg(rest, mode_t);                               \
        va_end(rest);                                              \
    }

#define OPENING(name)                                                               \
    int name(const char *path, int flags, ...)                                      \
    {                                                                               \
        MODE_OF(flags, mode)                                                        \
        REAL(int, name, (const char *, int, ...));                                  \
        struct point p;                                                             \
        if (!by_path(&p, of_opening(flags), "open", AT_FDCWD, path)) return real(path, flags, mode); \
        p.flags = flags;                                                            \
        MADE(int, &p, real(path, flags, mode));                                     \
    }
OPENING(open)
OPENING(open64)

#define OPENING_AT(name)                                                            \
    int name(int at, const char *path, int flags, ...)                              \
    {                                                                               \
        MODE_OF(flags, mode)                                                        \
        REAL(int, name, (int, const char *, int, ...));                             \
        struct point p;                                                             \
        if (!by_path(&p, of_opening(flags), "openat", at, path)) return real(at, path, flags, mode); \
        p.flags = flags;                                                            \
        MADE(int, &p, real(at, path, flags, mode));                                 \
    }
OPENING_AT(openat)
OPENING_AT(openat64)

/* what is compiled with checks of buffers calls these */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int at, const char *path, int flags) { return openat(at, path, flags); }
int __openat64_2(int at, const char *path, int flags) { return openat64(at, path, flags); }
int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open64(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd)
{
    REAL(int, close, (int));
    struct point p;
    int saved = errno;
    if (!wanted(CLOSE) || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY || !by_fd(&p, CLOSE, "close", fd))
        return errno = saved, real(fd);
    errno = saved;
    int refused = enter(&p);
    if (refused) return real(fd), errno = refused, -1; /* a close that fails has closed all the same */
    int result = real(fd);
    p.fd = -1;
    return (int)leave(&p, result);
}
