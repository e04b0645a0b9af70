"""The TCP connection to a server: every address of its name, with a deadline, and no dead line unnoticed."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import time
from collections.abc import Callable, Sequence

from gateway.config.settings import Server
from gateway.errors import ServerUnreachable
from gateway.printable import printable

#: Silent probes of the kernel after which a line that stays silent is given up.
_PROBES = 3

_HINTS = {
    errno.ECONNREFUSED: "The machine is there, but no server listens on that port: ask the partner whether"
    " it is stopped; check `port`",
    errno.ETIMEDOUT: "A firewall may drop the connection, or the machine is off: ask the partner and the"
    " network's people; check `host` and `port`",
    errno.EHOSTUNREACH: "The network knows no way there: check the network of this machine, then ask the"
    " network's people",
}
_HINTS[errno.ENETUNREACH] = _HINTS[errno.EHOSTUNREACH]


def place(server: Server) -> str:
    """Return a server as messages name it: ``erp, sftp.example.com:22``."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{server.name}, {printable(host)}:{server.port}"


def dial(server: Server, opened: Callable[[socket.socket], None]) -> socket.socket:
    """Return a connection to the server, within ``connect_seconds`` for all its addresses together.

    ``opened`` is given each socket before it is used, so that another thread can break it. Raises
    ServerUnreachable.
    """
    deadline = time.monotonic() + server.connect_seconds
    addresses = _addresses(server)
    refused: list[OSError] = []
    for number, (family, address) in enumerate(addresses):
        # one address that says nothing must not use up the time of those after it
        share = (deadline - time.monotonic()) / (len(addresses) - number)
        try:
            return _connect(server, family, address, max(0.1, share), opened)
        except OSError as error:
            refused.append(error)
    raise _unreachable(server, refused) from refused[0]


def _connect(
    server: Server,
    family: int,
    address: tuple[object, ...],
    seconds: float,
    opened: Callable[[socket.socket], None],
) -> socket.socket:
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened(line)
        line.settimeout(seconds)
        line.connect(address)
        _watch_over(line, server)
    except BaseException:
        line.close()
        raise
    return line


def _addresses(server: Server) -> Sequence[tuple[int, tuple[object, ...]]]:
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServerUnreachable(
            f"The name {server.host!r} has no address",
            where=place(server),
            cause=error,
            hint="Check `host`, and whether this machine's name service works (`getent hosts NAME`)",
        ) from error
    return list(dict.fromkeys((int(family), address) for family, _, _, _, address in found))


def _watch_over(line: socket.socket, server: Server) -> None:
    """Let the kernel give up a line whose other end is gone, in about the time that a reply may take."""
    seconds = max(1, round(server.reply_seconds))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, seconds // _PROBES))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
    # what was sent and is never confirmed: keepalive does not see it
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)


def _unreachable(server: Server, refused: Sequence[OSError]) -> ServerUnreachable:
    causes = dict.fromkeys(
        f"no answer in {server.connect_seconds:g} s" if isinstance(error, TimeoutError) else error.strerror
        for error in refused
    )
    numbers = [errno.ETIMEDOUT if isinstance(one, TimeoutError) else one.errno or 0 for one in refused]
    return ServerUnreachable(
        f"Cannot connect to the server: {'; '.join(str(cause) for cause in causes)}",
        where=place(server),
        hint=_HINTS.get(numbers[0], "Check `host` and `port`, then ask the partner"),
    )


def cut(line: socket.socket) -> None:
    """Break a connection at once, from any thread: who waits for it goes on with an error."""
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def has_ended(line: socket.socket) -> bool:
    """Whether the other end has closed the connection, or it is broken; whoever reads it may not know yet."""
    look = select.poll()
    try:
        look.register(line, select.POLLRDHUP)
        return bool(look.poll(0))
    except (OSError, ValueError):
        return True
