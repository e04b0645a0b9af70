"""What a server offers, asked of it when the session begins."""

from __future__ import annotations

from gateway.sftp import packets, requests
from gateway.sftp.base import Capabilities
from gateway.sftp.packets import Kind, Parser
from gateway.sftp.window import Work, ask
from gateway.sftp.wire import Wire

_LIMITS = "limits@openssh.com"
#: Most that the gateway asks for, whatever the server would give: what was fastest.
_READ_BYTES, _WRITE_BYTES, _HANDLES = 255 << 10, 128 << 10, 64
_LEAST_BYTES = 4096
#: What every server takes (section 3 of the draft: a packet of 34,000 bytes).
_EVERY_SERVER = 32768


def greet(wire: Wire) -> dict[str, bytes]:
    """Agree on the version and return the server's extensions."""
    wire.send_version(packets.VERSION)
    version, extensions = packets.extension_pairs(wire.receive_version())
    if version != packets.VERSION:
        raise wire.fail(packets.breach(f"it speaks version {version}, the gateway {packets.VERSION}"))
    return extensions


def capabilities(software: str, extensions: dict[str, bytes]) -> Work[Capabilities]:
    """Ask for the limits where the server has them, and return everything."""
    names = frozenset(extensions)
    if _LIMITS not in names:
        return Capabilities(software, names)
    reply = yield from ask(requests.extended(_LIMITS))
    if reply.kind != Kind.EXTENDED_REPLY:
        return Capabilities(software, names)  # announced and not there: as if it were not announced
    parser = Parser(reply.body)
    _packet, read, write, handles = (parser.uint64() for _ in range(4))
    return Capabilities(
        software,
        names,
        read_bytes=_bounded(read, _READ_BYTES),
        write_bytes=_bounded(write, _WRITE_BYTES),
        handles=min(handles, _HANDLES) or _HANDLES,
    )


def _bounded(stated: int, most: int) -> int:
    """Return the stated limit in reason; 0 says that the server has none that it knows."""
    return max(_LEAST_BYTES, min(stated, most)) if stated else _EVERY_SERVER
