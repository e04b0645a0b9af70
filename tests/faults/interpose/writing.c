/* Writing, copying, and giving a file its length. */
#include "interpose.h"

int is_cut(const struct point *p) { return p->action == KILL_WITHIN || p->action == CUT_SHORT; }

/* How much of a write is made: half of it where it is to be cut. */
size_t part(const struct point *p, size_t length)
{
    if (!is_cut(p)) return length;
    return length > 1 || p->action == KILL_WITHIN ? length / 2 : length;
}

static int64_t written(struct point *p, const struct iovec *pieces, int count, int64_t offset, int64_t result)
{
    int saved = errno;
    p->pieces = pieces, p->count = count;
    p->offset = offset >= 0 || result < 0 ? offset : (int64_t)syscall(SYS_lseek, p->fd, 0, SEEK_CUR) - result;
    errno = saved;
    return leave(p, result);
}

ssize_t write(int fd, const void *data, size_t length)
{
    REAL(ssize_t, write, (int, const void *, size_t));
    struct point p;
    if (!by_fd(&p, WRITE, "write", fd)) return real(fd, data, length);
    int refused = enter(&p);
    if (refused) return errno = refused, -1;
    struct iovec piece = {(void *)data, part(&p, length)};
    return written(&p, &piece, 1, -1, real(fd, data, piece.iov_len));
}

#define WRITING_AT(name, offset_type)                                              \
    ssize_t name(int fd, const void *data, size_t length, offset_type offset)      \
    {                                                                              \
        REAL(ssize_t, name, (int, const void *, size_t, offset_type));             \
        struct point p;                                                            \
        if (!by_fd(&p, WRITE, "pwrite", fd)) return real(fd, data, length, offset); \
        int refused = enter(&p);                                                   \
        if (refused) return errno = refused, -1;                                   \
        struct iovec piece = {(void *)data, part(&p, length)};                     \
        return written(&p, &piece, 1, offset, real(fd, data, piece.iov_len, offset)); \
    }
WRITING_AT(pwrite, off_t)
WRITING_AT(pwrite64, off64_t)

/* Make a copy of pieces that ends after `length` bytes; return how many pieces it has. */
int shortened(struct iovec *to, const struct iovec *from, int count, const struct point *p)
{
    size_t total = 0;
    for (int i = 0; i < count; i++) total += from[i].iov_len;
    size_t left = part(p, total);
    int used = 0;
    for (; used < count && used < 1024 && left > 0; used++) {
        to[used] = from[used];
        if (to[used].iov_len > left) to[used].iov_len = left;
        left -= to[used].iov_len;
    }
    return used;
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    REAL(ssize_t, writev, (int, const struct iovec *, int));
    struct point p;
    if (!by_fd(&p, WRITE, "writev", fd)) return real(fd, pieces, count);
    int refused = enter(&p);
    if (refused) return errno = refused, -1;
    struct iovec to[1024];
    int used = shortened(to, pieces, count, &p);
    return written(&p, to, used, -1, real(fd, to, used));
}

#define WRITING_PIECES_AT(name, offset_type)                                           \
    ssize_t name(int fd, const struct iovec *pieces, int count, offset_type offset)    \
    {                                                                                  \
        REAL(ssize_t, name, (int, const struct iovec *, int, offset_type));            \
        struct point p;                                                                \
        if (!by_fd(&p, WRITE, "pwritev", fd)) return real(fd, pieces, count, offset);  \
        int refused = enter(&p);                                                       \
        if (refused) return errno = refused, -1;                                       \
        struct iovec to[1024];                                                         \
        int used = shortened(to, pieces, count, &p);                                   \
        return written(&p, to, used, offset, real(fd, to, used, offset));              \
    }
WRITING_PIECES_AT(pwritev, off_t)
WRITING_PIECES_AT(pwritev64, off64_t)

/* Record what was copied, read again from where it came. */
static int64_t copied(struct point *p, int from, int64_t at, int64_t offset, int64_t result)
{
    int saved = errno;
    struct iovec piece = {NULL, 0};
    if (result > 0 && *control->journal) {
        piece.iov_base = malloc(result);
        int64_t got = piece.iov_base ? (int64_t)syscall(SYS_pread64, from, piece.iov_base, result, at) : 0;
        piece.iov_len = got > 0 ? got : 0;
    }
    errno = saved;
    int64_t told = written(p, &piece, 1, offset, result);
    saved = errno;
    free(piece.iov_base);
    errno = saved;
    return told;
}

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *offset, size_t length, unsigned flags)
{
    REAL(ssize_t, copy_file_range, (int, off64_t *, int, off64_t *, size_t, unsigned));
    struct point p;
    if (!by_fd(&p, COPY, "copy_file_range", to)) return real(from, at, to, offset, length, flags);
    int refused = enter(&p);
    if (refused) return errno = refused, -1;
    int64_t begun = at ? *at : syscall(SYS_lseek, from, 0, SEEK_CUR), put_at = offset ? *offset : -1;
    return copied(&p, from, begun, put_at, real(from, at, to, offset, part(&p, length), flags));
}

#define SENDING_FILE(name, offset_type)                                                \
    ssize_t name(int to, int from, offset_type *at, size_t length)                     \
    {                                                                                  \
        REAL(ssize_t, name, (int, int, offset_type *, size_t));                        \
        struct point p;                                                                \
        if (!by_fd(&p, COPY, "sendfile", to)) return real(to, from, at, length);       \
        int refused = enter(&p);                                                       \
        if (refused) return errno = refused, -1;                                       \
        int64_t begun = at ? *at : syscall(SYS_lseek, from, 0, SEEK_CUR);              \
        return copied(&p, from, begun, -1, real(to, from, at, part(&p, length)));      \
    }
SENDING_FILE(sendfile, off_t)
SENDING_FILE(sendfile64, off64_t)

#define BY_FD_LENGTH(name, kind, offset_type)                                     \
    int name(int fd, offset_type length)                                          \
    {                                                                             \
        REAL(int, name, (int, offset_type));                                      \
        struct point p;                                                           \
        if (!by_fd(&p, kind, #name, fd)) return real(fd, length);                 \
        p.flags = length;                                                         \
        MADE(int, &p, real(fd, length));                                          \
    }
BY_FD_LENGTH(ftruncate, TRUNCATE, off_t)
BY_FD_LENGTH(ftruncate64, TRUNCATE, off64_t)

#define BY_PATH_LENGTH(name, offset_type)                                         \
    int name(const char *path, offset_type length)                                \
    {                                                                             \
        REAL(int, name, (const char *, offset_type));                             \
        struct point p;                                                           \
        if (!by_path(&p, TRUNCATE, #name, AT_FDCWD, path)) return real(path, length); \
        p.flags = length;                                                         \
        MADE(int, &p, real(path, length));                                        \
    }
BY_PATH_LENGTH(truncate, off_t)
BY_PATH_LENGTH(truncate64, off64_t)

#define ALLOCATING(name, offset_type)                                             \
    int name(int fd, int how, offset_type offset, offset_type length)             \
    {                                                                             \
        REAL(int, name, (int, int, offset_type, offset_type));                    \
        struct point p;                                                           \
        if (!by_fd(&p, ALLOCATE, "fallocate", fd)) return real(fd, how, offset, length); \
        p.flags = length, p.offset = offset;                                      \
        MADE(int, &p, real(fd, how, offset, length));                             \
    }
ALLOCATING(fallocate, off_t)
ALLOCATING(fallocate64, off64_t)

#define ALLOCATING_POSIX(name, offset_type)                                       \
    int name(int fd, offset_type offset, offset_type length)                      \
    {                                                                             \
        REAL(int, name, (int, offset_type, offset_type));                         \
        struct point p;                                                           \
        if (!by_fd(&p, ALLOCATE, "posix_fallocate", fd)) return real(fd, offset, length); \
        p.flags = length, p.offset = offset;                                      \
        int refused = enter(&p); /* it returns its error and leaves errno alone */ \
        if (refused) return refused;                                              \
        int result = real(fd, offset, length);                                    \
        errno = result;                                                           \
        return leave(&p, result ? -1 : 0) < 0 ? errno : 0;                        \
    }
ALLOCATING_POSIX(posix_fallocate, off_t)
ALLOCATING_POSIX(posix_fallocate64, off64_t)
