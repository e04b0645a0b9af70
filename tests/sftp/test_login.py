"""Logging in with keys, certificates, an agent and passwords; what is said when it fails, what never is."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from gateway.config.settings import Login, Secret, Server
from gateway.errors import LoginRefused, ServerError, ServerUnreachable
from gateway.sftp.transport import dispose, open_transport, shown_keys
from tests.sftp.doors import Questions, asking
from tests.sftp.openssh import OpenSsh, make_key, program, wait_for
from tests.sftp.scripted import PASSWORD, Scripted

PHRASE = "open sesame"


def enters(server: Server) -> None:
    """Log in and out."""
    transport = open_transport(server)
    assert transport.is_authenticated()
    dispose(transport)


def refused(server: Server) -> ServerError:
    """Return the error of a login that fails; no secret stands in it."""
    with pytest.raises(ServerError) as caught:
        dispose(open_transport(server))
    text = f"{caught.value} {caught.value.__cause__!r} {caught.value.cause!r} {server!r}"
    for secret in (server.login.password, server.login.passphrase):
        assert secret is None or secret.text not in text
    return caught.value


@pytest.fixture(autouse=True)
def leaves_nothing() -> Iterator[None]:
    """No test shall leave a thread or a descriptor of a connection behind."""
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    yield
    wait_for(lambda: threading.active_count() <= threads, "threads end")
    wait_for(lambda: len(os.listdir("/proc/self/fd")) <= descriptors, "descriptors are closed")


@pytest.fixture(scope="module")
def guarded() -> Iterator[OpenSsh]:
    """Serve with an own list of keys that are let in."""
    with OpenSsh() as server:
        yield server


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ed25519", ()),
        ("ed25519", ("-N", PHRASE)),
        ("ecdsa", ("-N", PHRASE)),
        ("rsa", ("-N", PHRASE)),
        ("ecdsa", ("-N", PHRASE, "-m", "PEM")),
        ("ecdsa", ("-N", PHRASE, "-m", "PKCS8")),
        ("ecdsa", ("-m", "PKCS8")),
    ],
    ids=["ed25519", "ed25519-phrase", "ecdsa-phrase", "rsa-phrase", "pem-phrase", "pkcs8-phrase", "pkcs8"],
)
def test_keys_of_all_usual_forms_log_in(
    guarded: OpenSsh, tmp_path: Path, kind: str, options: tuple[str, ...]
) -> None:
    """A private key of each type and form, closed by a passphrase or not, shall log in."""
    key = make_key(tmp_path / "key", kind, *options)
    guarded.authorize(key)
    phrase = Secret(PHRASE) if "-N" in options else None
    enters(guarded.server(login=Login(key=key, passphrase=phrase)))


def test_a_passphrase_that_the_key_does_not_need_does_no_harm(guarded: OpenSsh, tmp_path: Path) -> None:
    """A key without a passphrase shall log in although one is configured."""
    key = make_key(tmp_path / "key")
    guarded.authorize(key)
    enters(guarded.server(login=Login(key=key, passphrase=Secret(PHRASE))))


def test_a_key_file_that_cannot_serve_is_named_with_what_to_do(openssh: OpenSsh, tmp_path: Path) -> None:
    """A missing, open, foreign, damaged or locked key shall be named, each in its own words."""
    locked = make_key(tmp_path / "locked", "ed25519", "-N", PHRASE)
    opened = make_key(tmp_path / "opened")
    opened.chmod(0o640)
    texts = {
        "putty": "PuTTY-User-Key-File-3: ssh-ed25519\n",
        "text": "hello\n",
        "empty": "",
        "damaged": "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        "half": locked.read_text()[:200] + "\n-----END OPENSSH PRIVATE KEY-----\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    os.mkfifo(tmp_path / "pipe", 0o600)
    said = {
        tmp_path / "missing": "Cannot read the private key",
        tmp_path: "not a regular file",
        tmp_path / "pipe": "not a regular file",
        opened: "can be read by others (mode 0640)",
        Path(f"{locked}.pub"): "public key or certificate, not the private one",
        locked: "needs a passphrase",
        tmp_path / "putty": "puttygen",
        tmp_path / "text": "no private key in the file",
        tmp_path / "empty": "no private key in the file",
        tmp_path / "damaged": "is damaged, or of no known form",
        tmp_path / "half": "is damaged, or of no known form",
    }
    Path(f"{locked}.pub").chmod(0o600)
    for path, words in said.items():
        error = refused(openssh.server(login=Login(key=path)))
        assert type(error) is LoginRefused
        assert words in str(error)
        assert str(path) in str(error)
    wrong = refused(openssh.server(login=Login(key=locked, passphrase=Secret("xyzzy"))))
    assert "is damaged, or the passphrase is wrong" in wrong.message


def test_a_key_that_the_server_does_not_know_is_named(openssh: OpenSsh, tmp_path: Path) -> None:
    """A refused key shall be named by file and fingerprint, so that the partner can look for it."""
    key = make_key(tmp_path / "stranger")
    error = refused(openssh.server(login=Login(key=key)))
    printed = subprocess.run([program("ssh-keygen"), "-lf", key], capture_output=True, text=True).stdout
    assert type(error) is LoginRefused
    assert f"refused the key stranger (ssh-ed25519 {printed.split()[1]})" in error.message


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_certificate_logs_in_with_a_key_that_is_not_listed(
    openssh: OpenSsh, tmp_path: Path, kind: str
) -> None:
    """A key that the partner's authority certified shall log in with its certificate."""
    key = make_key(tmp_path / "key", kind)
    enters(openssh.server(login=Login(key=key, certificate=openssh.certificate(key))))


def test_a_certificate_that_cannot_serve_is_named(openssh: OpenSsh, tmp_path: Path) -> None:
    """A certificate of another key, none at all, and one that has expired shall be told apart."""
    key, other = make_key(tmp_path / "key"), make_key(tmp_path / "other")
    login = Login(key=key, certificate=openssh.certificate(other))
    assert "certificate is that of another key" in str(refused(openssh.server(login=login)))
    for path in (Path(f"{key}.pub"), key, tmp_path / "missing"):
        error = refused(openssh.server(login=Login(key=key, certificate=path)))
        assert "no OpenSSH certificate" in str(error) or "Cannot read the certificate" in str(error)
    expired = openssh.certificate(key, "-V", "20200101:20200102")
    error = refused(openssh.server(login=Login(key=key, certificate=expired)))
    assert "with a certificate that expired on 2020-01-0" in error.message


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run an agent of this test's own."""
    place = tmp_path / "agent"
    process = subprocess.Popen([program("ssh-agent"), "-D", "-a", place], stdout=subprocess.DEVNULL)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
    wait_for(place.exists, "the agent listens")
    yield place
    process.terminate()
    process.wait()


def test_keys_of_the_agent_log_in(guarded: OpenSsh, agent: Path, tmp_path: Path) -> None:
    """The agent's keys shall be tried one after the other; without one that fits, each is named."""
    keys = [make_key(tmp_path / kind, kind) for kind in ("ed25519", "rsa")]
    server = guarded.server(login=Login(agent=True))
    assert "holds no key" in str(refused(server))
    subprocess.run([program("ssh-add"), "-q", *keys], check=True, capture_output=True)
    guarded.authorize(keys[1])
    enters(server)
    guarded.authorize()
    error = refused(server)
    assert "refused the agent's key ed25519, the agent's key rsa" in error.message


def test_an_agent_that_is_not_there_is_said(
    openssh: OpenSsh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing, dead or silent agent shall be named, and waited for no longer than was set."""
    server = openssh.server(login=Login(agent=True), connect_seconds=2.0)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert "SSH_AUTH_SOCK is not set" in str(refused(server))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "missing"))
    assert "The agent does not answer" in str(refused(server))
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "silent"))
        assert "The agent does not answer" in str(refused(server))


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    with Scripted(tmp_path_factory.mktemp("root")) as server:
        yield server


def test_a_password_logs_in(scripted: Scripted) -> None:
    """A password shall log in; a wrong one is refused without being shown."""
    enters(scripted.server(login=Login(password=Secret(PASSWORD))))
    error = refused(scripted.server(login=Login(password=Secret("wrong-horse"))))
    assert type(error) is LoginRefused
    assert "refused the password" in error.message


def test_key_and_password_together_log_in_where_both_are_wanted(scripted: Scripted) -> None:
    """A server that wants both shall get both; with one missing the error says what it still takes."""
    scripted.factors = ("publickey", "password")
    try:
        enters(scripted.server(login=Login(key=scripted.client_key, password=Secret(PASSWORD))))
        error = refused(scripted.server(login=Login(key=scripted.client_key)))
        assert "accepted the key client" in error.message
        assert "it takes password" in error.message
        assert "more than one proof" in str(error)
    finally:
        scripted.factors = ()


def test_a_login_without_any_way_says_what_to_configure(scripted: Scripted) -> None:
    """Without key, agent and password the error shall lead to the configuration."""
    assert "Give the login a key, an agent or a password" in str(refused(scripted.server(login=Login())))


def questioned(door: Questions) -> ServerError | None:
    """Log in with the password at a server that asks; return the error, if any."""
    with asking(door, paramiko.ECDSAKey.generate()) as port:
        server = Server("erp", "127.0.0.1", "mes", Login(password=Secret(PASSWORD)), port=port)
        shown = next(iter(shown_keys(server))).fingerprint
        server = Server(
            "erp", "127.0.0.1", "mes", Login(password=Secret(PASSWORD)), port=port, host_keys=(shown,)
        )
        try:
            enters(server)
        except ServerError as error:
            return error
    return None


def test_a_server_that_asks_for_the_password_gets_it() -> None:
    """A server that asks one hidden question instead of taking the password shall get it."""
    assert questioned(Questions([("Password: ", False)], [PASSWORD])) is None


@pytest.mark.parametrize(
    "questions",
    [
        [("Code sent to your phone: ", True)],
        [("Password: ", False), ("One-time code: ", False)],
        [],
    ],
    ids=["shown", "two", "none"],
)
def test_other_questions_do_not_get_the_password(questions: list[tuple[str, bool]]) -> None:
    """A question that is not clearly for the password shall get no answer, and the login fail."""
    door = Questions(questions, ["never"])
    error = questioned(door)
    assert type(error) is LoginRefused
    assert PASSWORD not in door.given


def test_a_server_that_hangs_up_during_the_login_is_not_taken_for_a_refusal(scripted: Scripted) -> None:
    """A connection that ends in the login shall be called so, as it may well work the next time."""

    class Door(Questions):
        def get_allowed_auths(self, username: str) -> str:
            raise EOFError

    error = questioned(Door([], []))
    assert type(error) is ServerUnreachable
    assert "closed the connection while 'mes' logged in with the password" in error.message
