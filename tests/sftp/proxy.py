"""A bad line: a TCP proxy that cuts, resets, stalls and delays what goes through it."""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading
import time
from typing import Literal, Self

Direction = Literal["to server", "to client"]

#: SO_LINGER that makes a close into a reset.
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """A proxy on the loopback in front of ``port``; a context manager.

    What it is told counts at once, for the connections that stand and for those to come.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = (host, port)
        self.port = 0
        self.connections = 0  #: that were ever made
        self.cuts = 0  #: that came of ``cut_after``
        self.seconds = 0.0  #: that every byte takes, one way
        self.flowing = threading.Event()
        self.flowing.set()
        self._allowance: dict[Direction, int] = {}
        self._listener: socket.socket | None = None
        self._lines: list[_Line] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self) -> None:
        """Listen, on the port it had before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(100)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def down(self) -> None:
        """Listen no more, so that connections are refused, and cut those that stand."""
        if self._listener is not None:
            # a close alone does not wake the thread that waits for a connection
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def cut(self) -> None:
        """End every connection in good order, as a server does that ends."""
        self._end(reset=False)

    def reset(self) -> None:
        """End every connection with a reset, as a firewall does."""
        self._end(reset=True)

    def stall(self) -> None:
        """Let nothing through any more; connections stay, and new ones are taken and stall too."""
        self.flowing.clear()

    def resume(self) -> None:
        """Let through what waited, and what comes."""
        self.flowing.set()

    def delay(self, seconds: float) -> None:
        """Let every byte take ``seconds`` one way; many may be on their way at once."""
        self.seconds = seconds

    def cut_after(self, count: int, direction: Direction) -> None:
        """Let ``count`` more bytes through in that direction, then cut the connection they are on."""
        with self._lock:
            self._allowance[direction] = count

    def allowed(self, size: int, direction: Direction) -> int:
        """Return how many of ``size`` bytes may pass; fewer than that, and the connection is to be cut."""
        with self._lock:
            left = self._allowance.get(direction)
            if left is None:
                return size
            if left < size:
                del self._allowance[direction]
                self.cuts += 1
                return left
            self._allowance[direction] = left - size
            return size

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _address = listener.accept()
                server = socket.create_connection(self._target, timeout=5.0)
            except OSError:
                if listener.fileno() < 0 or self._listener is not listener:
                    return
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self.connections += 1
                self._lines = [line for line in self._lines if not line.ended.is_set()]
                self._lines.append(_Line(self, client, server))

    def _end(self, *, reset: bool) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        for line in lines:
            line.end(reset=reset)


class _Line:
    """One connection; each way one thread takes bytes, another hands them on when they are due."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._ends = (client, server)
        self.ended = threading.Event()
        for end in self._ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._run(client, server, "to server")
        self._run(server, client, "to client")

    def _run(self, source: socket.socket, target: socket.socket, direction: Direction) -> None:
        waiting: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._take, args=(source, waiting), daemon=True).start()
        threading.Thread(target=self._give, args=(target, waiting, direction), daemon=True).start()

    def _take(self, source: socket.socket, waiting: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            waiting.put((time.monotonic() + self._proxy.seconds, data))

    def _give(
        self, target: socket.socket, waiting: queue.SimpleQueue[tuple[float, bytes]], direction: Direction
    ) -> None:
        while not self.ended.is_set():
            due, data = waiting.get()
            self.ended.wait(max(0.0, due - time.monotonic()))
            while not self._proxy.flowing.wait(0.1):
                if self.ended.is_set():
                    return
            passed = self._proxy.allowed(len(data), direction)
            try:
                target.sendall(data[:passed])
            except OSError:
                break
            if not data or passed < len(data):
                break
        self.end(reset=False)

    def end(self, *, reset: bool) -> None:
        """Close both ends, once."""
        if self.ended.is_set():
            return
        self.ended.set()
        for end in self._ends:
            with contextlib.suppress(OSError):
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                else:
                    end.shutdown(socket.SHUT_RDWR)
            if reset:
                # a shutdown would send a FIN first; the reader is woken by a close of its descriptor
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RD)
            end.close()
