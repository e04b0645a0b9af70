/* Which calls count, and what happens at one. */
#include "interpose.h"

struct control *control;
static pthread_mutex_t one_by_one = PTHREAD_MUTEX_INITIALIZER;

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

int wanted(enum kind kind)
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

void blank(struct point *p, enum kind kind, const char *call)
{
    int saved = errno;
    p->kind = kind, p->call = call, p->fd = -1, *p->one = *p->two = 0;
    p->number = p->action = p->flags = p->count = p->locked = 0, p->offset = -1, p->pieces = NULL;
    errno = saved;
}

int by_fd(struct point *p, enum kind kind, const char *call, int fd)
{
    if (!wanted(kind)) return 0;
    int saved = errno;
    blank(p, kind, call);
    p->fd = fd;
    of_fd(fd, p->one);
    errno = saved;
    return matches(p->one);
}

int by_path(struct point *p, enum kind kind, const char *call, int directory, const char *path)
{
    if (!wanted(kind)) return 0;
    int saved = errno;
    blank(p, kind, call);
    of_path(directory, path, p->one);
    errno = saved;
    return matches(p->one);
}

int by_paths(struct point *p, enum kind kind, const char *call, int d1, const char *one, int d2,
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
int enter(struct point *p)
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
int64_t leave(struct point *p, int64_t result)
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
