"""Servers that get no further than the door: broken greetings, logins that OpenSSH does not ask for."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL
from paramiko.server import InteractiveQuery


@contextlib.contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """Lend the port of a server that does ``answer`` with every connection, and then closes it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(20)
    threads: list[threading.Thread] = []

    def one(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            answer(line)

    def accept() -> None:
        while True:
            try:
                line, _address = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=one, args=(line,), daemon=True))
            threads[-1].start()

    threads.append(threading.Thread(target=accept, daemon=True))
    threads[0].start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in threads:
            thread.join(10)


class Questions(paramiko.ServerInterface):
    """A server that asks questions instead of taking the password, as servers with PAM do."""

    def __init__(self, questions: list[tuple[str, bool]], answers: list[str]) -> None:
        self._questions = questions
        self._right = answers
        self.given: list[str] = []

    def get_allowed_auths(self, username: str) -> str:
        """Name the only way."""
        return "keyboard-interactive"

    def check_auth_interactive(self, username: str, submethods: str) -> InteractiveQuery:
        """Ask."""
        return InteractiveQuery("", "", *self._questions)

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        """Compare the answers."""
        self.given += responses
        return AUTH_SUCCESSFUL if responses == self._right else AUTH_FAILED


@contextlib.contextmanager
def asking(door: paramiko.ServerInterface, key: paramiko.PKey) -> Iterator[int]:
    """Lend the port of an SSH server that lets in as ``door`` says; nothing is served behind it."""

    def serve(line: socket.socket) -> None:
        transport = paramiko.Transport(line)
        transport.add_server_key(key)
        with contextlib.suppress(paramiko.SSHException, EOFError):
            transport.start_server(server=door)
        transport.join(10)
        transport.packetizer.complete_handshake()  # ends its clock, which is a thread

    with answering(serve) as port:
        yield port
