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
#pragma once
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

#define REAL(type, name, parameters)                                   \
    static type(*real) parameters;                                     \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name)

#define MADE(type, p, call)                            \
    do {                                               \
        int refused_ = enter(p);                       \
        if (refused_) return errno = refused_, (type)-1; \
        return (type)leave(p, (int64_t)(call));        \
    } while (0)

/* Only what stands in for the C library is seen from outside: these names are the program's to use. */
#pragma GCC visibility push(hidden)

extern struct control *control;

/* control.c: which calls count, and what happens at one */
int wanted(enum kind kind);
void blank(struct point *p, enum kind kind, const char *call);
int by_fd(struct point *p, enum kind kind, const char *call, int fd);
int by_path(struct point *p, enum kind kind, const char *call, int directory, const char *path);
int by_paths(struct point *p, enum kind kind, const char *call, int d1, const char *one, int d2,
             const char *two);
int enter(struct point *p);
int64_t leave(struct point *p, int64_t result);

/* journal.c */
void note(struct point *p, int64_t result, int error);

/* writing.c: how much of a write is made */
int is_cut(const struct point *p);
size_t part(const struct point *p, size_t length);
int shortened(struct iovec *to, const struct iovec *from, int count, const struct point *p);

#pragma GCC visibility pop
