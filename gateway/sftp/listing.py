"""Listing a directory as its entries come, with several requests under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from gateway.printable import printable
from gateway.sftp import packets, requests
from gateway.sftp.base import RemoteEntry
from gateway.sftp.failures import demand, failure
from gateway.sftp.packets import Code, Kind, Reply, breach
from gateway.sftp.window import Answer, Exchange, ask

#: Each reply has about a hundred entries.
_UNDER_WAY = 8
_COST = 64 << 10


def entries(exchange: Exchange, path: str) -> Iterator[RemoteEntry]:
    """Yield the entries of a directory as they come; other work may be done in between."""
    reply = exchange.result(ask(requests.on_path(Kind.OPENDIR, path)))
    handle = packets.handle(demand(reply, Kind.HANDLE, "list", path))
    more = requests.on_handle(Kind.READDIR, handle, _COST)
    came: deque[Reply] = deque()
    under_way = 0

    def answer(found: Answer) -> None:
        came.append(found[1])

    try:
        ended = False
        while under_way or not ended:
            while not ended and under_way < _UNDER_WAY:
                exchange.post(more, answer)
                under_way += 1
            while not came:
                exchange.pump()
            under_way -= 1
            found = _entries(came.popleft(), path)
            ended = ended or found is None
            yield from found or ()
    finally:
        # Also for a caller who has seen enough; what is still under way is answered and forgotten.
        exchange.post_last(requests.on_handle(Kind.CLOSE, handle))


def _entries(reply: Reply, path: str) -> list[RemoteEntry] | None:
    """Return the entries of a reply; None at the end."""
    if reply.kind == Kind.STATUS:
        code, words = packets.status(reply)
        if code == Code.EOF:
            return None
        raise failure(code, words, "list", path)
    found = packets.names(demand(reply, Kind.NAME, "list", path))
    if not found:
        return None  # some servers end so
    return [_entry(one) for one in found if one.name not in (".", "..")]


def _entry(found: packets.Name) -> RemoteEntry:
    if not found.name or "/" in found.name or "\0" in found.name:
        raise breach(f"it lists the name {printable(found.name[:100])!r}, which no entry can have")
    about = found.attributes
    return RemoteEntry(found.name, about.kind, about.size, about.mtime)
