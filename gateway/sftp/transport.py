"""An encrypted line to a server whose key is trusted, and which let the gateway in."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import paramiko
from paramiko.kex_curve25519 import KexCurve25519

from gateway.config.settings import Algorithms, Server
from gateway.errors import NoCommonAlgorithm, ServerError, ServerUnreachable
from gateway.printable import printable
from gateway.sftp.algorithms import KEY_TYPES, SMALLEST_RSA, Preferences, first_of, preferences
from gateway.sftp.known_hosts import HostKey
from gateway.sftp.line import cut, dial, place
from gateway.sftp.login import log_in
from gateway.sftp.packetizer import Packetizer
from gateway.sftp.trust import Trust, Trusted, decide, known, refusal

#: For which an ended connection's thread is waited; it ends at once, unless the machine is very busy.
_JOIN_SECONDS = 5.0

# The library writes tracebacks to its log, and from there to stderr, for what the gateway says in words.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

_OFFERS = {
    "kex algorithm": ("kex_algo_list", "key_exchanges", "ways to exchange keys"),
    "host key": ("server_key_algo_list", "host_keys", "types of host keys"),
    "ciphers": ("server_encrypt_algo_list", "ciphers", "ciphers"),
    "macs": ("server_mac_algo_list", "macs", "integrity checks"),
}


def _nobody(_line: socket.socket) -> None:
    """Tell nobody of a socket."""


class Transport(paramiko.Transport):
    """The library's connection with the algorithms that the gateway wants, and no others."""

    def __init__(self, line: socket.socket, server: Server, wanted: Preferences) -> None:
        super().__init__(line, packetizer_class=Packetizer)
        self.name = f"sftp {server.name}"
        self.offers: Mapping[str, list[str]] = {}  #: of the server, by the library's names
        self.wanted = wanted
        # RFC 8731's name of what the library knows by the older one
        self._kex_info: dict[str, Any] = {**self._kex_info, "curve25519-sha256": KexCurve25519}
        self._preferred_kex = tuple(one for one in wanted.key_exchanges if one in self._kex_info)
        self._preferred_keys = wanted.host_keys
        self._preferred_ciphers = wanted.ciphers
        self._preferred_macs = wanted.macs
        self.greeting = ""  #: the first line that came
        self._approved: bytes | None = None
        self.auth_timeout = server.connect_seconds
        # these are only a net below the time that is counted here
        self.banner_timeout = self.handshake_timeout = 2 * server.connect_seconds + 5
        self.channel_timeout = server.reply_seconds

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """The host keys that are asked for: no certificates, which nobody would check."""
        return self.wanted.host_keys

    @property
    def shown(self) -> HostKey:
        """The host key that the server has shown and proved to hold."""
        key = self._key_shown()
        return HostKey(key.get_name(), key.asbytes())

    def approve(self) -> None:
        """Trust the host key that was shown, and no other for as long as the connection lasts."""
        self._approved = self._key_shown().asbytes()

    def bits(self) -> int:
        """Return the size of the host key that was shown."""
        return self._key_shown().get_bits()

    def _key_shown(self) -> paramiko.PKey:
        if self.host_key is None:
            raise paramiko.SSHException("the server has not shown its host key")
        return self.host_key

    def _check_banner(self) -> None:
        read = self.packetizer.readline

        def noting(timeout: float) -> str:
            line = read(timeout)
            self.greeting = self.greeting or line
            return line

        self.packetizer.readline = noting  # type: ignore[method-assign]
        super()._check_banner()  # type: ignore[misc]  # private, as those below

    def _parse_kex_init(self, m: paramiko.Message) -> None:
        # a copy: reading moves on in the message
        self.offers = self._really_parse_kex_init(paramiko.Message(m.asbytes()))  # type: ignore[attr-defined]
        super()._parse_kex_init(m)  # type: ignore[misc]

    def _verify_key(self, host_key: bytes, sig: bytes) -> None:
        # keys are exchanged anew after some gigabytes, and the library would take any host key then
        if self._approved is not None and host_key != self._approved:
            raise paramiko.SSHException("the server shows another host key in the middle of the connection")
        super()._verify_key(host_key, sig)  # type: ignore[misc]


def open_transport(server: Server, opened: Callable[[socket.socket], None] = _nobody) -> Transport:
    """Return a connection on which the gateway is logged in; its host key was checked before that.

    ``opened`` is given the socket before it is used. Raises ServerUnreachable, NoCommonAlgorithm,
    HostKeyUnknown, HostKeyChanged or LoginRefused.
    """
    trusted = known(server)
    transport = _trusted(server, trusted, opened)
    try:
        with _said(server, transport, "login"):
            log_in(transport, server)
        transport.set_keepalive(round(server.keepalive_seconds))
    except BaseException:
        dispose(transport)
        raise
    return transport


def shown_keys(server: Server, key_types: Sequence[str] = KEY_TYPES) -> Iterator[HostKey]:
    """Yield the host keys that the server shows now, asking for one type after the other.

    The first of ``key_types`` that the server has comes first. Nobody logs in. Raises
    ServerUnreachable, or NoCommonAlgorithm where it has none of them.
    """
    shown: list[HostKey] = []
    for kind in key_types:
        with contextlib.suppress(NoCommonAlgorithm):
            transport = _greeted(server, [kind], _nobody)
            dispose(transport)
            shown.append(transport.shown)
            yield transport.shown
    if not shown:
        dispose(_greeted(server, key_types, _nobody))


def dispose(transport: paramiko.Transport) -> None:
    """End a connection: socket closed, thread ended. One that has ended already is no error."""
    if isinstance(transport.sock, socket.socket):
        cut(transport.sock)  # wakes its thread, which would find out a little later
    transport.close()
    if transport.ident is not None:
        transport.join(_JOIN_SECONDS)
    # stops the clock of an unfinished handshake, which is a thread too
    transport.packetizer.complete_handshake()
    transport.sock.close()


def _trusted(server: Server, trusted: Trusted, opened: Callable[[socket.socket], None]) -> Transport:
    """Return a connection whose host key is trusted.

    A fingerprint does not say of which type its key is: where the first key that is shown is not
    the one, the server is asked for its others.
    """
    shown: list[HostKey] = []
    asked = first_of(trusted.types)
    while asked:
        try:
            transport = _greeted(server, asked, opened)
        except NoCommonAlgorithm:
            if shown:
                break
            raise
        if decide(trusted, transport.shown) is Trust.TRUSTED:
            transport.approve()
            return transport
        dispose(transport)
        shown.append(transport.shown)
        asked = tuple(one for one in asked if one != transport.shown.type) if trusted.pins else ()
    raise refusal(server, trusted, shown)


def _greeted(server: Server, key_types: Sequence[str], opened: Callable[[socket.socket], None]) -> Transport:
    """Return a connection with keys exchanged; whether its host key is trusted is not looked at."""
    wanted = preferences(server.algorithms, key_types)
    transport = Transport(dial(server, opened), server, wanted)
    try:
        with _said(server, transport, "key exchange"):
            transport.start_client(timeout=server.connect_seconds)
            if not transport.initial_kex_done:
                raise TimeoutError
        _demand_strength(server, transport)
    except BaseException:
        dispose(transport)
        raise
    return transport


def _demand_strength(server: Server, transport: Transport) -> None:
    least = SMALLEST_RSA[server.algorithms]
    if transport.shown.type == "ssh-rsa" and transport.bits() < least:
        raise NoCommonAlgorithm(
            f"The server's RSA host key has only {transport.bits()} bits, at least {least} are needed",
            where=place(server),
            hint="Ask the partner for a host key of type ed25519",
        )


@contextlib.contextmanager
def _said(server: Server, transport: Transport, during: str) -> Iterator[None]:
    """Turn what the library raises into an error that says what happened, and what to do."""
    try:
        yield
    except ServerError:
        raise
    except paramiko.ssh_exception.IncompatiblePeer as error:
        raise _incompatible(server, transport, error) from error
    except TimeoutError as error:
        did = (
            f"did not finish the {during}" if transport.greeting else "took the connection, but said nothing"
        )
        message = f"The server {did} in {server.connect_seconds:g} s"
        raise _broken(server, message, "It may be overloaded; if this lasts, ask the partner") from error
    except (EOFError, ConnectionError) as error:
        message = f"The server closed the connection during the {during}"
        hint = "It may be full, or refuse this machine's address: ask the partner"
        raise _broken(server, message, hint) from error
    except Exception as error:
        # whatever a hostile server sends: the library raises anything
        raise _not_ssh(server, transport, during, error) from error


def _broken(
    server: Server, message: str, hint: str | None, cause: Exception | None = None
) -> ServerUnreachable:
    return ServerUnreachable(message, where=place(server), hint=hint, cause=cause)


def _not_ssh(server: Server, transport: Transport, during: str, error: Exception) -> ServerUnreachable:
    if transport.greeting and not transport.greeting.startswith("SSH-"):
        hint = "Check `port`: SFTP goes over SSH; FTPS is another protocol"
        said = Exception(f"it says {printable(transport.greeting[:100])!r}")
        return _broken(server, "What answers there is no SSH server", hint, said)
    if not transport.greeting:
        hint = "It may be full, or refuse this machine's address: ask the partner"
        return _broken(server, "The server took the connection and closed it without a word", hint)
    if "No existing session" in str(error):
        return _broken(server, f"The connection broke during the {during}", None)
    return _broken(
        server,
        f"The server does not keep to the SSH protocol in the {during}",
        "If this lasts, ask the partner which SSH server it is and whether something stands before it",
        Exception(f"{type(error).__name__}: {printable(str(error)[:200])}"),
    )


def _incompatible(server: Server, transport: Transport, error: Exception) -> NoCommonAlgorithm:
    """Return the error for a server with which there is nothing in common, with both offers."""
    for word, (theirs, ours, what) in _OFFERS.items():
        if word in str(error):
            offered: list[Any] = transport.offers.get(theirs, [])
            widest = preferences(Algorithms.COMPATIBLE, KEY_TYPES)
            is_old = not set(getattr(widest, ours)).isdisjoint(offered)
            return NoCommonAlgorithm(
                f"No {what} in common: the server offers {printable(', '.join(offered)[:400]) or 'none'};"
                f" the gateway takes {', '.join(getattr(transport.wanted, ours))}",
                where=place(server),
                hint="Ask the partner to bring the server up to date"
                + (
                    "; until then, `algorithms: compatible` takes AES-CBC and HMAC-SHA-1 too"
                    if is_old
                    else ""
                ),
            )
    return NoCommonAlgorithm(
        f"The server speaks no SSH that the gateway takes: {printable(str(error)[:200])}", where=place(server)
    )
