/* Lines to servers, and marks. */
#include "interpose.h"

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
