/* The journal: a record of every call that counts, with what it wrote. */
#include "interpose.h"

static int journal = -1;

static void put(struct iovec *to, int *at, const void *data, size_t length)
{
    to[*at].iov_base = (void *)data;
    to[(*at)++].iov_len = length;
}

void note(struct point *p, int64_t result, int error)
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
