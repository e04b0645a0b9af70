"""The way to a server up to the login: connection, keys, algorithms, and what is said when it fails."""

from __future__ import annotations

import dataclasses
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from gateway.config.settings import Algorithms, Login, Secret, Server
from gateway.errors import (
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
    NoCommonAlgorithm,
    ServerError,
    ServerUnreachable,
)
from gateway.sftp.transport import dispose, open_transport, shown_keys
from tests.sftp.doors import Questions, answering, asking
from tests.sftp.openssh import OpenSsh, make_key, wait_for
from tests.sftp.proxy import Proxy


def refused(server: Server) -> ServerError:
    """Return the error with which a server is not reached."""
    with pytest.raises(ServerError) as caught:
        dispose(open_transport(server))
    return caught.value


def reached(server: Server) -> tuple[str, str]:
    """Reach a server; return the type of its host key and the cipher."""
    transport = open_transport(server)
    try:
        return transport.shown.type, vars(transport)["remote_cipher"]
    finally:
        dispose(transport)


def without_pins(openssh: OpenSsh, tmp_path: Path, text: str = "") -> Server:
    known = tmp_path / "known_hosts"
    known.write_text(text)
    return openssh.server(host_keys=(), known_hosts=known)


@pytest.fixture(autouse=True)
def leaves_nothing() -> Iterator[None]:
    """No test shall leave a thread or a descriptor of a connection behind."""
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    yield
    wait_for(lambda: threading.active_count() <= threads, "threads end")
    wait_for(lambda: len(os.listdir("/proc/self/fd")) <= descriptors, "descriptors are closed")


def test_a_server_with_a_pinned_key_is_reached_by_the_fastest_cipher(openssh: OpenSsh) -> None:
    """A server whose fingerprint stands in the configuration shall be reached, with AES-GCM."""
    assert reached(openssh.server()) == ("ssh-ed25519", "aes128-gcm@openssh.com")


def test_any_key_of_the_server_may_be_the_pinned_one(openssh: OpenSsh) -> None:
    """A pin of the RSA key shall be found, although the server shows its ed25519 key first."""
    rsa = openssh.host_fingerprints[1]
    assert reached(openssh.server(host_keys=(rsa,)))[0] == "ssh-rsa"


def test_known_hosts_says_which_key_is_asked_for(openssh: OpenSsh, tmp_path: Path) -> None:
    """A server of which only the RSA key is known shall be asked for that key."""
    ed25519, rsa = openssh.known_hosts_lines.splitlines(keepends=True)
    assert reached(without_pins(openssh, tmp_path, rsa))[0] == "ssh-rsa"
    assert reached(without_pins(openssh, tmp_path, f"damaged\n{ed25519}"))[0] == "ssh-ed25519"


def test_an_unknown_server_is_refused_with_what_it_shows_and_what_to_do(
    openssh: OpenSsh, tmp_path: Path
) -> None:
    """A server that nobody approved shall be refused, with its fingerprint and the command to run."""
    for text in ("", openssh.known_hosts_lines.replace("127.0.0.1", "192.0.2.1")):
        error = refused(without_pins(openssh, tmp_path, text))
        assert type(error) is HostKeyUnknown
        shown = openssh.host_fingerprints[0]
        assert f'`gateway trust accept erp --fingerprint {shown} --reason "..."`' in str(error)
        assert f"erp, 127.0.0.1:{openssh.port}" in str(error)


def test_a_file_that_cannot_be_read_is_said(openssh: OpenSsh, tmp_path: Path) -> None:
    """A known_hosts that is no file shall be named; a missing one knows nobody."""
    assert "Cannot read the keys" in str(refused(openssh.server(host_keys=(), known_hosts=tmp_path)))
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in str(refused(openssh.server(host_keys=(), known_hosts=tmp_path / "pipe")))
    missing = openssh.server(host_keys=(), known_hosts=tmp_path / "missing")
    assert type(refused(missing)) is HostKeyUnknown


def test_another_key_is_refused_with_both_fingerprints(openssh: OpenSsh, tmp_path: Path) -> None:
    """A key that is not the trusted one shall be refused; the message shall show both and say what to do."""
    other = Path(f"{make_key(tmp_path / 'other')}.pub").read_text().split()
    server = without_pins(openssh, tmp_path, f"[127.0.0.1]:{openssh.port} {other[0]} {other[1]}\n")
    error = refused(server)
    assert type(error) is HostKeyChanged
    assert openssh.host_fingerprints[0] in error.message
    assert "trusted is ssh-ed25519 SHA256:" in error.message
    assert "gateway trust accept erp" in str(error)


def test_a_wrong_pin_is_refused_with_all_keys_that_are_shown(openssh: OpenSsh) -> None:
    """A server with no pinned key shall be refused, and the message lead to the configuration."""
    error = refused(openssh.server(host_keys=("SHA256:wrong",)))
    assert type(error) is HostKeyChanged
    assert all(one in error.message for one in (*openssh.host_fingerprints, "SHA256:wrong"))
    assert "host_keys of the server erp in config/gateway.yaml" in str(error)


def test_a_revoked_key_is_refused_even_where_it_is_trusted(openssh: OpenSsh, tmp_path: Path) -> None:
    """A key that is marked as revoked shall be refused whatever else stands in the file."""
    lines = openssh.known_hosts_lines
    _name, kind, blob = lines.splitlines()[0].split()
    error = refused(without_pins(openssh, tmp_path, f"{lines}@revoked * {kind} {blob}\n"))
    assert type(error) is HostKeyChanged
    assert "@revoked" in error.message


def test_an_authority_does_not_vouch_for_a_host(openssh: OpenSsh, tmp_path: Path) -> None:
    """A line with an authority shall neither break the file nor count as trust, and the message say so."""
    _name, kind, blob = openssh.known_hosts_lines.splitlines()[0].split()
    authority = f"@cert-authority * {kind} {blob}\n"
    error = refused(without_pins(openssh, tmp_path, authority))
    assert type(error) is HostKeyUnknown
    assert "does not take certificates of hosts" in error.message
    assert reached(without_pins(openssh, tmp_path, authority + openssh.known_hosts_lines))


def test_nothing_of_the_login_is_sent_to_a_server_that_is_not_trusted() -> None:
    """The user and the password shall not leave before the host key is trusted."""
    users: list[str] = []

    class Door(Questions):
        def get_allowed_auths(self, username: str) -> str:
            users.append(username)
            return "password"

    with asking(Door([], []), paramiko.ECDSAKey.generate()) as port:
        server = Server("erp", "127.0.0.1", "mes", Login(password=Secret("x")), port=port)
        assert type(refused(dataclasses.replace(server, host_keys=("SHA256:wrong",)))) is HostKeyChanged
        assert users == []
        shown = next(iter(shown_keys(server))).fingerprint
        assert type(refused(dataclasses.replace(server, host_keys=(shown,)))) is LoginRefused
        assert "mes" in users


def test_another_key_in_the_middle_of_a_connection_ends_it(openssh: OpenSsh) -> None:
    """When keys are exchanged anew, the host key shall be the one that was trusted at the start."""
    transport = open_transport(openssh.server())
    try:
        transport.renegotiate_keys()
        with pytest.raises(paramiko.SSHException, match="another host key"):
            transport._verify_key(paramiko.ECDSAKey.generate().asbytes(), b"")
    finally:
        dispose(transport)


@pytest.fixture(scope="module")
def old() -> Iterator[OpenSsh]:
    """Serve with algorithms of long ago only."""
    with OpenSsh(config_lines=("Ciphers aes128-cbc,aes256-cbc", "MACs hmac-sha1")) as server:
        yield server


def test_an_old_server_needs_to_be_called_compatible(old: OpenSsh) -> None:
    """A server with AES-CBC only shall be refused with both offers, and reached when it is so configured."""
    error = refused(old.server())
    assert type(error) is NoCommonAlgorithm
    assert (
        "No ciphers in common: the server offers aes128-cbc, aes256-cbc; the gateway takes aes128-gcm"
        in str(error)
    )
    assert "`algorithms: compatible`" in str(error)
    assert reached(old.server(algorithms=Algorithms.COMPATIBLE))[1] == "aes128-cbc"


def test_the_standard_name_of_curve25519_is_understood() -> None:
    """A server that knows curve25519 by the name of RFC 8731 alone shall be reached."""
    with OpenSsh(
        config_lines=("KexAlgorithms curve25519-sha256", "HostKeyAlgorithms rsa-sha2-256")
    ) as server:
        assert reached(server.server())[0] == "ssh-rsa"
        lines = server.known_hosts_lines.splitlines()[0]
        known = server.keys / "only_ed25519"
        known.write_text(f"{lines}\n")
        error = refused(server.server(host_keys=(), known_hosts=known))
        assert "trusted is ssh-ed25519" in error.message


def test_every_key_of_a_server_is_shown(openssh: OpenSsh) -> None:
    """Asked for its keys, each of the server's types shall be shown, without a login."""
    stranger = dataclasses.replace(openssh.server(), user="nobody", login=Login())
    assert tuple(one.fingerprint for one in shown_keys(stranger)) == openssh.host_fingerprints


def test_a_server_behind_a_name_with_several_addresses_is_found(
    openssh: OpenSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first address does not answer, the next one shall be tried."""
    real = socket.getaddrinfo
    refusing = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 1, 0, 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [refusing, *real(*a, **k)])
    assert reached(openssh.server())


def _hold(line: socket.socket) -> None:
    """Keep the connection until the other end goes."""
    while line.recv(4096):
        pass


def _greet_and_hold(line: socket.socket) -> None:
    line.sendall(b"SSH-2.0-silent\r\n")
    _hold(line)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_hold, "took the connection, but said nothing in 0.3 s"),
        (_greet_and_hold, "did not finish the key exchange in 0.3 s"),
        (lambda line: line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "no SSH server"),
        (lambda line: line.sendall(b"220 FTPS ready\x1b[31m\r\n"), "no SSH server"),
        (lambda line: None, "without a word"),
        (lambda line: line.sendall(b"SSH-2.0-x\r\n"), "closed the connection during the key exchange"),
        (lambda line: line.sendall(b"SSH-1.5-old\r\n"), "no SSH that the gateway takes"),
        (lambda line: line.sendall(b"SSH-2.0-x\r\n" + b"\xff" * 4096), "The server"),
        (lambda line: line.sendall(b"SSH-2.0-x\r\n\0\0\0\x0c\x0a\x14" + b"\0" * 40), "erp"),
        (lambda line: line.sendall(os.urandom(100_000)), "The server"),
    ],
    ids=["mute", "greets", "http", "ftps", "closes", "hangs-up", "ssh1", "huge", "short", "noise"],
)
def test_what_is_no_working_ssh_server_is_named_in_words(
    tmp_path: Path, answer: Callable[[socket.socket], object], words: str
) -> None:
    """Whatever answers at the port, the error shall say what it did, within the time that was set."""
    with answering(answer) as port:
        seconds = 0.3 if answer in (_hold, _greet_and_hold) else 15.0
        server = Server("erp", "127.0.0.1", "mes", Login(), port=port, host_keys=("SHA256:x",))
        before = time.monotonic()
        error = refused(dataclasses.replace(server, connect_seconds=seconds))
        assert time.monotonic() - before < 10
    assert isinstance(error, ServerUnreachable | NoCommonAlgorithm)
    assert words in str(error)
    assert f"erp, 127.0.0.1:{port}" in str(error)
    assert "\x1b" not in str(error)


def test_a_port_where_nobody_listens_and_a_name_that_is_none_are_told_apart(openssh: OpenSsh) -> None:
    """A refused connection and an unknown name shall be named, each with what to check."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = refused(openssh.server(port=free.getsockname()[1]))
    assert "Connection refused" in str(error)
    assert "no server listens on that port" in str(error)
    assert "has no address" in str(refused(openssh.server(host="erp.invalid")))
    assert "has no address" in str(refused(openssh.server(host="x" * 70 + ".example")))


def test_an_address_that_swallows_everything_is_given_up_in_time(openssh: OpenSsh) -> None:
    """A server that takes no connection shall be given up after the time that was set."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        error = refused(openssh.server(port=full.getsockname()[1], connect_seconds=0.3))
        for filler in fillers:
            filler.close()
    assert "in 0.3 s" in str(error) or "within 0.3 s" in str(error)


def test_a_connection_that_stalls_in_the_key_exchange_is_given_up(openssh: OpenSsh) -> None:
    """A line that goes dead in the middle of the greeting shall be given up in time."""
    with Proxy(openssh.port) as proxy:
        proxy.cut_after(60, "to client")
        assert isinstance(refused(openssh.server(port=proxy.port, connect_seconds=0.5)), ServerUnreachable)
