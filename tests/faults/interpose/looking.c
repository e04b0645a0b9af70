/* Looking and reading. */
#include "interpose.h"

ssize_t read(int fd, void *data, size_t length)
{
    REAL(ssize_t, read, (int, void *, size_t));
    struct point p;
    if (!by_fd(&p, READ, "read", fd)) return real(fd, data, length);
    MADE(ssize_t, &p, real(fd, data, is_cut(&p) && length > 1 ? length / 2 : length));
}
ssize_t __read_chk(int fd, void *data, size_t length, size_t room)
{
    return length > room ? (abort(), -1) : read(fd, data, length);
}

#define READING_AT(name, offset_type)                                              \
    ssize_t name(int fd, void *data, size_t length, offset_type offset)            \
    {                                                                              \
        REAL(ssize_t, name, (int, void *, size_t, offset_type));                   \
        struct point p;                                                            \
        if (!by_fd(&p, READ, "pread", fd)) return real(fd, data, length, offset);  \
        p.offset = offset;                                                         \
        MADE(ssize_t, &p, real(fd, data, length, offset));                         \
    }
READING_AT(pread, off_t)
READING_AT(pread64, off64_t)

#define STATUS(name, type)                                                         \
    int name(const char *path, struct type *into)                                  \
    {                                                                              \
        REAL(int, name, (const char *, struct type *));                            \
        struct point p;                                                            \
        if (!by_path(&p, STAT, #name, AT_FDCWD, path)) return real(path, into);    \
        MADE(int, &p, real(path, into));                                           \
    }
STATUS(stat, stat)
STATUS(stat64, stat64)
STATUS(lstat, stat)
STATUS(lstat64, stat64)

#define STATUS_OF_FD(name, type)                                  \
    int name(int fd, struct type *into)                           \
    {                                                             \
        REAL(int, name, (int, struct type *));                    \
        struct point p;                                           \
        if (!by_fd(&p, STAT, #name, fd)) return real(fd, into);   \
        MADE(int, &p, real(fd, into));                            \
    }
STATUS_OF_FD(fstat, stat)
STATUS_OF_FD(fstat64, stat64)

#define STATUS_AT(name, type)                                                          \
    int name(int at, const char *path, struct type *into, int flags)                   \
    {                                                                                  \
        REAL(int, name, (int, const char *, struct type *, int));                      \
        struct point p;                                                                \
        if (!by_path(&p, STAT, #name, at, path)) return real(at, path, into, flags);   \
        MADE(int, &p, real(at, path, into, flags));                                    \
    }
STATUS_AT(fstatat, stat)
STATUS_AT(fstatat64, stat64)

int statx(int at, const char *path, int flags, unsigned mask, struct statx *into)
{
    REAL(int, statx, (int, const char *, int, unsigned, struct statx *));
    struct point p;
    if (!by_path(&p, STAT, "statx", at, path)) return real(at, path, flags, mask, into);
    MADE(int, &p, real(at, path, flags, mask, into));
}

int access(const char *path, int mode)
{
    REAL(int, access, (const char *, int));
    struct point p;
    if (!by_path(&p, STAT, "access", AT_FDCWD, path)) return real(path, mode);
    MADE(int, &p, real(path, mode));
}

DIR *opendir(const char *path)
{
    REAL(DIR *, opendir, (const char *));
    struct point p;
    if (!by_path(&p, LIST, "opendir", AT_FDCWD, path)) return real(path);
    int refused = enter(&p);
    if (refused) return errno = refused, NULL;
    DIR *opened = real(path);
    if (leave(&p, opened ? 0 : -1) == 0) return opened;
    int saved = errno;
    if (opened) closedir(opened);
    return errno = saved, NULL;
}

#define NEXT_NAME(name, type)                                                       \
    struct type *name(DIR *directory)                                               \
    {                                                                               \
        REAL(struct type *, name, (DIR *));                                         \
        struct point p;                                                             \
        if (!by_fd(&p, LIST, "readdir", dirfd(directory))) return real(directory);  \
        int refused = enter(&p);                                                    \
        if (refused) return errno = refused, NULL;                                  \
        struct type *entry = real(directory);                                       \
        return leave(&p, 0) == 0 ? entry : NULL;                                    \
    }
NEXT_NAME(readdir, dirent)
NEXT_NAME(readdir64, dirent64)
