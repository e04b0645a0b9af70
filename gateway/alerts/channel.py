"""What all channels have in common: a message goes out, or `AlertUndelivered` says why not, and no secret."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gateway.errors import AlertUndelivered
from gateway.printable import printable

_MOST = 500


def refused(channel: str, why: object, *, secrets: tuple[str, ...] = ()) -> AlertUndelivered:
    """Return the error that ``channel`` did not take a message, with every one of ``secrets`` left out."""
    text = _words(why) if isinstance(why, BaseException) else str(why)
    # the longest first: a part of one may be another
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "(secret)")
    return AlertUndelivered(printable(text)[:_MOST], where=f"channel {channel}")


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "No answer in time"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


@contextmanager
def bounded(connection: socket.socket, seconds: float) -> Iterator[None]:
    """End ``connection`` when the block takes longer, and raise TimeoutError.

    A timeout of the socket bounds each step alone: a peer that drips would hold us for ever.
    """
    is_late = threading.Event()
    # a handle of our own: TLS that begins within the block takes the connection out of the first one
    handle = socket.socket(fileno=os.dup(connection.fileno()))

    def end() -> None:
        is_late.set()
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if is_late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        timer.join()
        handle.close()
