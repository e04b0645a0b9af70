/* Making durable. */
#include "interpose.h"

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
