"""What an SFTP server refuses, said in the gateway's words."""

from __future__ import annotations

from gateway.errors import (
    GatewayError,
    RemoteDenied,
    RemoteMissing,
    ServerError,
    ServerUnreachable,
    TargetOccupied,
)
from gateway.printable import printable
from gateway.sftp.packets import Code, Kind, Reply, breach, status

_CLASSES: dict[int, type[GatewayError]] = {
    Code.NO_SUCH_FILE: RemoteMissing,
    Code.NO_SUCH_PATH: RemoteMissing,
    Code.PERMISSION_DENIED: RemoteDenied,
    Code.WRITE_PROTECT: RemoteDenied,
    Code.FILE_ALREADY_EXISTS: TargetOccupied,
    Code.NO_CONNECTION: ServerUnreachable,
    Code.CONNECTION_LOST: ServerUnreachable,
}

_WORDS: dict[int, str] = {
    Code.NO_SUCH_FILE: "it is not there, or the directory it should stand in is not",
    Code.NO_SUCH_PATH: "the directory is not there",
    Code.PERMISSION_DENIED: "the server does not allow it",
    Code.FILE_ALREADY_EXISTS: "the name is taken",
    Code.FAILURE: "the server gives no reason",
    Code.BAD_MESSAGE: "the server did not understand the request",
    Code.OP_UNSUPPORTED: "the server cannot do this",
    Code.INVALID_HANDLE: "the server has forgotten the open file",
    Code.WRITE_PROTECT: "the server's disk is write-protected",
    Code.NO_MEDIA: "the server's disk is not there",
    Code.NO_SPACE_ON_FILESYSTEM: "the server's disk is full",
    Code.QUOTA_EXCEEDED: "the quota of the account on the server is used up",
    Code.LOCK_CONFLICT: "another program on the server has the file open",
    Code.INVALID_FILENAME: "the server does not allow this name",
}

#: What servers say that say nothing more than the code does.
_EMPTY = frozenset({"", "failure", "error", "no such file", "permission denied", "operation unsupported"})

_HINTS: dict[int, str] = {
    Code.NO_SUCH_FILE: "Look for the file and its directory on the server, with the gateway's account",
    Code.PERMISSION_DENIED: "Ask the partner to give the gateway's account this right on the server",
    Code.WRITE_PROTECT: "Ask the partner to give the gateway's account this right on the server",
    Code.NO_SPACE_ON_FILESYSTEM: "Ask the partner to make room; the next pass tries again",
    Code.QUOTA_EXCEEDED: "Ask the partner to make room; the next pass tries again",
}


class NotOpened(ServerError):
    """A file cannot be opened, and the server does not say why: too many may be open already."""


def failure(code: int, words: str, operation: str, where: str) -> GatewayError:
    """Return the error of a server that answered ``operation`` on ``where`` with a status code.

    ``words`` are the server's own, printable and short.
    """
    said = _WORDS.get(code) or (f"unknown status {code}" if code > max(Code) else "")
    if words.lower().rstrip(".") not in _EMPTY:
        said = f"{said}; it says: {words}" if said else f"the server says: {words}"
    return _CLASSES.get(code, ServerError)(
        f"Cannot {operation}{': ' if said else ''}{said}", where=printable(where), hint=_HINTS.get(code)
    )


def expect_ok(reply: Reply, operation: str, where: str) -> None:
    """Demand that the reply says that it is done; raises what the server refused else."""
    code, words = status(reply)
    if code != Code.OK:
        raise failure(code, words, operation, where)


def demand(reply: Reply, kind: Kind, operation: str, where: str) -> Reply:
    """Return the reply if it is of the kind that was asked for; raises what the server refused else."""
    if reply.kind == Kind.STATUS:
        code, words = status(reply)
        if code == Code.OK:
            raise breach(f"it said OK where {kind.name} was due")
        raise failure(code, words, operation, where)
    if reply.kind != kind:
        raise breach(f"a reply of kind {reply.kind} came where {kind.name} was due")
    return reply
