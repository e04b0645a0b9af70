/* Stands between a program and the C library at every call on files: counts, records, refuses, kills.
 *
 * Loaded by LD_PRELOAD. What it shall do stands in a file that FAULTS_CONTROL names and that both sides
 * have mapped: `struct control`, whose layout tests/faults/shim.py knows too. Without that file, or
 * while it is not enabled, every call goes straight through.
 *
 * A call that has a file descriptor is known by the path that /proc/self/fd tells, so that it makes no
 * difference how the descriptor was come by. What a program writes through mapped memory is not seen:
 * SQLite's -shm file is nothing that survives, and needs no record.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PATH = 1024, KINDS = 64 };

enum kind {
    CREATE, OPEN, WRITE, COPY, TRUNCATE, ALLOCATE, SYNC, DATASYNC, SYNCFS, MSYNC, RENAME, LINK, SYMLINK,
    UNLINK, RMDIR, MKDIR, MODE, CLOSE, READ, STAT, LIST, SEND, MARK
};

enum action { NOTHING, KILL_BEFORE, KILL_AFTER, KILL_WITHIN, REFUSE, REFUSE_AFTER, CUT_SHORT, STOP_BEFORE };

struct control {
    int64_t enabled;
    int64_t pid;          /* only this process; 0: every one */
    uint64_t kinds;       /* a bit for each kind that counts */
    int64_t action;
    int64_t first, last;  /* the calls, by number, that it happens to */
    int64_t error;
    int64_t count;        /* calls so far */
    int64_t fired;        /* how often it happened */
    int64_t fired_kind;
    int64_t counts[KINDS];
    char below[PATH];     /* only paths below this directory, or it; "": every path */
    char needle[PATH];    /* only paths that contain this; "": every one */
    char journal[PATH];   /* where calls are recorded; "": nowhere */
    char fired_call[64];
    char fired_path[PATH];
};

struct record {           /* then: the call's name, both paths, the data */
    uint32_t size, kind;
    int64_t number, result, error, thread, offset, flags, inode;
    uint32_t call, one, two, data;
};

struct point {
    enum kind kind;
    const char *call;
    int fd;
    char one[PATH], two[PATH];
    int64_t number, action, flags, offset;
    int locked;
    const struct iovec *pieces;
    int count;
};

static struct control *control;
static pthread_mutex_t one_by_one = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;

#define REAL(type, name, parameters)                                   \
    static type(*real) parameters;                                     \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name)

static void lock(void) { pthread_mutex_lock(&one_by_one); }
static void unlock(void) { pthread_mutex_unlock(&one_by_one); }

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAULTS_CONTROL");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *at = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (at != MAP_FAILED) control = at;
    pthread_atfork(lock, unlock, unlock);
}

/* ------------------------------------------------------------------ which calls count */

static int wanted(enum kind kind)
{
    struct control *c = control;
    return c && c->enabled && (c->kinds >> kind & 1) && (!c->pid || c->pid == getpid());
}

static int is_below(const char *path)
{
    size_t length = strlen(control->below);
    return !length || (!strncmp(path, control->below, length) && (!path[length] || path[length] == '/'));
}

static int matches(const char *path) { return *path && is_below(path) && strstr(path, control->needle); }

static void of_fd(int fd, char *into)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, into, PATH - 1);
    into[length > 0 ? length : 0] = 0;
}

static void of_path(int directory, const char *path, char *into)
{
    if (path && !strncmp(path, "/proc/self/fd/", 14)) {
        of_fd(atoi(path + 14), into);
    } else if (!path || *path == '/') {
        snprintf(into, PATH, "%s", path ? path : "");
    } else {
        char base[PATH];
        if (directory == AT_FDCWD) {
            if (syscall(SYS_getcwd, base, sizeof base) < 0) *base = 0;
        } else {
            of_fd(directory, base);
        }
        snprintf(into, PATH, "%.*s/%.*s", PATH / 2 - 1, base, PATH / 2 - 1, path);
    }
}

static void blank(struct point *p, enum kind kind, const char *call)
{
    int saved = errno;
    p->kind = kind, p->call = call, p->fd = -1, *p->one = *p->two = 0;
    p->number = p->action = p->flags = p->count = p->locked = 0, p->offset = -1, p->pieces = NULL;
    errno = saved;
}

static int by_fd(struct point *p, enum kind kind, const char *call, int fd)
{
    if (!wanted(kind)) return 0;
    int saved = errno;
    blank(p, kind, call);
    p->fd = fd;
    of_fd(fd, p->one);
    errno = saved;
    return matches(p->one);
}

static int by_path(struct point *p, enum kind kind, const char *call, int directory, const char *path)
{
    if (!wanted(kind)) return 0;
    int saved = errno;
    blank(p, kind, call);
    of_path(directory, path, p->one);
    errno = saved;
    return matches(p->one);
}

static int by_paths(struct point *p, enum kind kind, const char *call, int d1, const char *one, int d2,
                    const char *two)
{
    if (!wanted(kind)) return 0;
    int saved = errno;
    blank(p, kind, call);
    of_path(d1, one, p->one);
    of_path(d2, two, p->two);
    errno = saved;
    return matches(p->one) || matches(p->two);
}

/* ------------------------------------------------------------------ what happens at one */

static void put(struct iovec *to, int *at, const void *data, size_t length)
{
    to[*at].iov_base = (void *)data;
    to[(*at)++].iov_len = length;
}

static void note(struct point *p, int64_t result, int error)
{
    static char at[PATH];
    if (journal < 0 || strcmp(at, control->journal)) {
        if (journal >= 0) syscall(SYS_close, journal);
        snprintf(at, PATH, "%s", control->journal);
        journal = (int)syscall(SYS_openat, AT_FDCWD, control->journal,
                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    struct stat about = {0};
    int about_fd = p->kind == CREATE && result >= 0 ? (int)result : p->fd;
    if (about_fd >= 0) syscall(SYS_fstat, about_fd, &about);
    struct iovec parts[1024];
    int used = 1;
    struct record r = {0};
    r.kind = p->kind, r.number = p->number, r.result = result, r.error = error;
    r.thread = syscall(SYS_gettid), r.offset = p->offset, r.flags = p->flags;
    r.inode = about_fd >= 0 ? (int64_t)about.st_ino : 0;
    put(parts, &used, p->call, r.call = strlen(p->call));
    put(parts, &used, p->one, r.one = strlen(p->one));
    put(parts, &used, p->two, r.two = strlen(p->two));
    int64_t left = result > 0 ? result : 0;
    for (int i = 0; i < p->count && left > 0 && used < 1024; i++) {
        size_t length = (int64_t)p->pieces[i].iov_len < left ? p->pieces[i].iov_len : (size_t)left;
        put(parts, &used, p->pieces[i].iov_base, length);
        left -= length, r.data += length;
    }
    r.size = sizeof r + r.call + r.one + r.two + r.data;
    parts[0].iov_base = &r, parts[0].iov_len = sizeof r;
    if (syscall(SYS_writev, journal, parts, used) != (long)r.size) abort();
}

static void fire(struct point *p)
{
    __atomic_add_fetch(&control->fired, 1, __ATOMIC_SEQ_CST);
    control->fired_kind = p->kind;
    snprintf(control->fired_call, sizeof control->fired_call, "%s", p->call);
    snprintf(control->fired_path, sizeof control->fired_path, "%s", *p->two ? p->two : p->one);
}

static void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Count the call; die before it, or return the error that it shall end with. */
static int enter(struct point *p)
{
    int saved = errno;
    if (*control->journal && p->kind != SEND) lock(), p->locked = 1; /* recorded in the order of effects */
    p->number = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&control->counts[p->kind], 1, __ATOMIC_SEQ_CST);
    if (control->action && control->first <= p->number && p->number <= control->last) {
        p->action = control->action;
        fire(p);
    }
    if (p->action == KILL_BEFORE) die();
    if (p->action == STOP_BEFORE) syscall(SYS_kill, getpid(), SIGSTOP);
    errno = saved;
    if (p->action != REFUSE) return 0;
    if (*control->journal) note(p, -1, (int)control->error);
    if (p->locked) unlock();
    return (int)control->error;
}

/* Record the call that was made; die after it, or return what the program is told. */
static int64_t leave(struct point *p, int64_t result)
{
    int saved = errno;
    if (*control->journal) note(p, result, result < 0 ? saved : 0);
    if (p->action == KILL_AFTER || p->action == KILL_WITHIN) die();
    if (p->locked) unlock();
    errno = saved;
    if (p->action != REFUSE_AFTER) return result;
    errno = (int)control->error;
    return -1;
}

#define MADE(type, p, call)                            \
    do {                                               \
        int refused_ = enter(p);                       \
        if (refused_) return errno = refused_, (type)-1; \
        return (type)leave(p, (int64_t)(call));        \
    } while (0)

static int is_cut(const struct point *p) { return p->action == KILL_WITHIN || p->action == CUT_SHORT; }

/* How much of a write is made: half of it where it is to be cut. */
static size_t part(const struct point *p, size_t length)
{
    if (!is_cut(p)) return length;
    return length > 1 || p->action == KILL_WITHIN ? length / 2 : length;
}

/* ------------------------------------------------------------------ opening and closing */

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

/* ------------------------------------------------------------------ writing */

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
static int shortened(struct iovec *to, const struct iovec *from, int count, const struct point *p)
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

/* ------------------------------------------------------------------ making durable */

#define BY_FD(name, kind)                                  \
    int name(int fd)                                       \
    {                                                      \
        REAL(int, name, (int));                            \
        struct point p;                                    \
        if (!by_fd(&p, kind, #name, fd)) return real(fd);  \
        MADE(int, &p, real(fd));                           \
    }
BY_FD(fsync, SYNC)
BY_FD(fdatasync, DATASYNC)
BY_FD(syncfs, SYNCFS)

int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags)
{
    REAL(int, sync_file_range, (int, off64_t, off64_t, unsigned));
    struct point p;
    if (!by_fd(&p, DATASYNC, "sync_file_range", fd)) return real(fd, offset, length, flags);
    MADE(int, &p, real(fd, offset, length, flags));
}

/* no path is told: it counts wherever it is asked for without one */
int msync(void *at, size_t length, int flags)
{
    REAL(int, msync, (void *, size_t, int));
    struct point p;
    if (!wanted(MSYNC) || *control->below || *control->needle) return real(at, length, flags);
    blank(&p, MSYNC, "msync");
    MADE(int, &p, real(at, length, flags));
}

/* ------------------------------------------------------------------ names */

int rename(const char *one, const char *two)
{
    REAL(int, rename, (const char *, const char *));
    struct point p;
    if (!by_paths(&p, RENAME, "rename", AT_FDCWD, one, AT_FDCWD, two)) return real(one, two);
    MADE(int, &p, real(one, two));
}

int renameat(int d1, const char *one, int d2, const char *two)
{
    REAL(int, renameat, (int, const char *, int, const char *));
    struct point p;
    if (!by_paths(&p, RENAME, "renameat", d1, one, d2, two)) return real(d1, one, d2, two);
    MADE(int, &p, real(d1, one, d2, two));
}

int renameat2(int d1, const char *one, int d2, const char *two, unsigned flags)
{
    REAL(int, renameat2, (int, const char *, int, const char *, unsigned));
    struct point p;
    if (!by_paths(&p, RENAME, "renameat2", d1, one, d2, two)) return real(d1, one, d2, two, flags);
    p.flags = flags;
    MADE(int, &p, real(d1, one, d2, two, flags));
}

int link(const char *one, const char *two)
{
    REAL(int, link, (const char *, const char *));
    struct point p;
    if (!by_paths(&p, LINK, "link", AT_FDCWD, one, AT_FDCWD, two)) return real(one, two);
    MADE(int, &p, real(one, two));
}

int linkat(int d1, const char *one, int d2, const char *two, int flags)
{
    REAL(int, linkat, (int, const char *, int, const char *, int));
    struct point p;
    if (!by_paths(&p, LINK, "linkat", d1, one, d2, two)) return real(d1, one, d2, two, flags);
    MADE(int, &p, real(d1, one, d2, two, flags));
}

int symlink(const char *to, const char *path)
{
    REAL(int, symlink, (const char *, const char *));
    struct point p;
    if (!by_path(&p, SYMLINK, "symlink", AT_FDCWD, path)) return real(to, path);
    snprintf(p.two, sizeof p.two, "%s", to);
    MADE(int, &p, real(to, path));
}

int symlinkat(const char *to, int at, const char *path)
{
    REAL(int, symlinkat, (const char *, int, const char *));
    struct point p;
    if (!by_path(&p, SYMLINK, "symlinkat", at, path)) return real(to, at, path);
    snprintf(p.two, sizeof p.two, "%s", to);
    MADE(int, &p, real(to, at, path));
}

#define BY_PATH(name, kind)                                                 \
    int name(const char *path)                                              \
    {                                                                       \
        REAL(int, name, (const char *));                                    \
        struct point p;                                                     \
        if (!by_path(&p, kind, #name, AT_FDCWD, path)) return real(path);   \
        MADE(int, &p, real(path));                                          \
    }
BY_PATH(unlink, UNLINK)
BY_PATH(rmdir, RMDIR)
BY_PATH(remove, UNLINK)

int unlinkat(int at, const char *path, int flags)
{
    REAL(int, unlinkat, (int, const char *, int));
    struct point p;
    if (!by_path(&p, flags & AT_REMOVEDIR ? RMDIR : UNLINK, "unlinkat", at, path)) return real(at, path, flags);
    p.flags = flags;
    MADE(int, &p, real(at, path, flags));
}

#define BY_PATH_MODE(name, kind)                                                  \
    int name(const char *path, mode_t mode)                                       \
    {                                                                             \
        REAL(int, name, (const char *, mode_t));                                  \
        struct point p;                                                           \
        if (!by_path(&p, kind, #name, AT_FDCWD, path)) return real(path, mode);   \
        p.flags = mode;                                                           \
        MADE(int, &p, real(path, mode));                                          \
    }
BY_PATH_MODE(mkdir, MKDIR)
BY_PATH_MODE(chmod, MODE)

int mkdirat(int at, const char *path, mode_t mode)
{
    REAL(int, mkdirat, (int, const char *, mode_t));
    struct point p;
    if (!by_path(&p, MKDIR, "mkdirat", at, path)) return real(at, path, mode);
    p.flags = mode;
    MADE(int, &p, real(at, path, mode));
}

int fchmod(int fd, mode_t mode)
{
    REAL(int, fchmod, (int, mode_t));
    struct point p;
    if (!by_fd(&p, MODE, "fchmod", fd)) return real(fd, mode);
    p.flags = mode;
    MADE(int, &p, real(fd, mode));
}

int fchmodat(int at, const char *path, mode_t mode, int flags)
{
    REAL(int, fchmodat, (int, const char *, mode_t, int));
    struct point p;
    if (!by_path(&p, MODE, "fchmodat", at, path)) return real(at, path, mode, flags);
    p.flags = mode;
    MADE(int, &p, real(at, path, mode, flags));
}

#define OWNING(name)                                                                 \
    int name(const char *path, uid_t user, gid_t group)                              \
    {                                                                                \
        REAL(int, name, (const char *, uid_t, gid_t));                               \
        struct point p;                                                              \
        if (!by_path(&p, MODE, #name, AT_FDCWD, path)) return real(path, user, group); \
        MADE(int, &p, real(path, user, group));                                      \
    }
OWNING(chown)
OWNING(lchown)

int fchown(int fd, uid_t user, gid_t group)
{
    REAL(int, fchown, (int, uid_t, gid_t));
    struct point p;
    if (!by_fd(&p, MODE, "fchown", fd)) return real(fd, user, group);
    MADE(int, &p, real(fd, user, group));
}

int fchownat(int at, const char *path, uid_t user, gid_t group, int flags)
{
    REAL(int, fchownat, (int, const char *, uid_t, gid_t, int));
    struct point p;
    if (!by_path(&p, MODE, "fchownat", at, path)) return real(at, path, user, group, flags);
    MADE(int, &p, real(at, path, user, group, flags));
}

int utimensat(int at, const char *path, const struct timespec times[2], int flags)
{
    REAL(int, utimensat, (int, const char *, const struct timespec[2], int));
    struct point p;
    if (!by_path(&p, MODE, "utimensat", at, path)) return real(at, path, times, flags);
    MADE(int, &p, real(at, path, times, flags));
}

int futimens(int fd, const struct timespec times[2])
{
    REAL(int, futimens, (int, const struct timespec[2]));
    struct point p;
    if (!by_fd(&p, MODE, "futimens", fd)) return real(fd, times);
    MADE(int, &p, real(fd, times));
}

int utimes(const char *path, const struct timeval times[2])
{
    REAL(int, utimes, (const char *, const struct timeval[2]));
    struct point p;
    if (!by_path(&p, MODE, "utimes", AT_FDCWD, path)) return real(path, times);
    MADE(int, &p, real(path, times));
}

/* ------------------------------------------------------------------ looking and reading */

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

/* ------------------------------------------------------------------ lines to servers, and marks */

static int on_line(struct point *p, const char *call)
{
    if (!wanted(SEND)) return 0;
    blank(p, SEND, call);
    strcpy(p->one, "socket");
    return 1;
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    REAL(ssize_t, send, (int, const void *, size_t, int));
    struct point p;
    if (!on_line(&p, "send")) return real(fd, data, length, flags);
    int refused = enter(&p);
    if (refused) return errno = refused, -1;
    return leave(&p, real(fd, data, part(&p, length), flags));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(ssize_t, sendmsg, (int, const struct msghdr *, int));
    struct point p;
    if (!on_line(&p, "sendmsg")) return real(fd, message, flags);
    int refused = enter(&p);
    if (refused) return errno = refused, -1;
    struct msghdr shorter = *message;
    struct iovec to[1024];
    if (is_cut(&p)) {
        shorter.msg_iovlen = shortened(to, message->msg_iov, (int)message->msg_iovlen, &p);
        shorter.msg_iov = to;
    }
    return leave(&p, real(fd, &shorter, flags));
}

/* A place in the program that is not a call of the library: it can be died at like one. */
void faults_mark(const char *name)
{
    struct point p;
    if (!wanted(MARK)) return;
    blank(&p, MARK, "mark");
    snprintf(p.one, sizeof p.one, "%s", name);
    if (!enter(&p)) leave(&p, 0);
}
