/* Names: making, moving and removing them; and modes, owners and times. */
#include "interpose.h"

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
