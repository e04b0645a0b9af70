"""A real OpenSSH server on the loopback, with keys and a configuration of its own.

It runs as whoever runs the tests and touches nothing of the system's server. Passwords are not to
be had: sshd takes them from the system's accounts only. ``tests.sftp.scripted`` offers them.
"""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from gateway.config.settings import Login, Server

#: Time after which a server that is neither up nor down is a failure of the test.
PATIENCE = 10.0

_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
PidFile none
HostKey {keys}/host_ed25519
HostKey {keys}/host_rsa
AuthorizedKeysFile {keys}/authorized
TrustedUserCAKeys {keys}/authority.pub
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxAuthTries 20
MaxStartups 200:30:400
MaxSessions 50
PrintMotd no
LogLevel ERROR
"""


def program(name: str) -> str:
    """Return the path of an OpenSSH program; without it tests skip, or fail on CI."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if found is None:
        words = f"{name} is not installed: apt-get install openssh-server openssh-client"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return found


@functools.cache
def _has_penalties(sshd: str) -> bool:
    """Whether this sshd (9.8 or newer) locks out addresses that failed to log in."""
    said = subprocess.run([sshd, "-V"], capture_output=True, text=True, check=False).stderr
    version = re.search(r"OpenSSH_(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= (9, 8)


def make_key(path: Path, kind: str = "ed25519", *options: str) -> Path:
    """Make a key pair at ``path`` and ``path``.pub, without a passphrase unless ``options`` say one."""
    size = ("-b", "2048") if kind == "rsa" else ()
    phrase = () if "-N" in options else ("-N", "")
    words = ["-q", "-t", kind, *size, *phrase, "-C", path.name, *options, "-f", str(path)]
    path.unlink(missing_ok=True)
    subprocess.run([program("ssh-keygen"), *words], check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return path


def fingerprint(path: Path) -> str:
    """Return the fingerprint ``SHA256:...`` of a key."""
    command = [program("ssh-keygen"), "-l", "-E", "sha256", "-f", str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return said.split()[1]


def wait_for(condition: Any, what: str) -> None:
    """Wait until ``condition()`` is true; fail when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.005)


def descendants(pid: int) -> list[int]:
    """Return the processes below a process, as /proc tells."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, at = [], [pid]
    while at:
        below = parents.get(at.pop(), [])
        found += below
        at += below
    return found


class OpenSsh:
    """One sshd and the directory that it serves; a context manager.

    ``chroot`` (root only): what is served is all that its users see, by absolute paths from ``/``.
    ``read_only``: it refuses every change. ``config_lines``: more lines of sshd_config(5).
    """

    def __init__(
        self, *, chroot: bool = False, read_only: bool = False, config_lines: Sequence[str] = ()
    ) -> None:
        self.chroot = chroot
        self.user = getpass.getuser()
        self.port = 0
        self._read_only = read_only
        self._lines = tuple(config_lines)
        self._sshd = program("sshd")
        self._process: subprocess.Popen[bytes] | None = None
        if chroot and os.geteuid() != 0:
            pytest.skip("a server with chroot needs root")

    def __enter__(self) -> Self:
        # every directory above a chroot must be root's alone, which /tmp is not
        self._home = Path(tempfile.mkdtemp(prefix="gateway-sshd-", dir="/run" if self.chroot else None))
        self.keys = self._home / "keys"
        self.root = self._home / "served"
        self.keys.mkdir()
        self.root.mkdir(mode=0o755)
        self.client_key = make_key(self.keys / "client")
        self.authority = make_key(self.keys / "authority")
        shutil.copy(self.keys / "client.pub", self.keys / "authorized")
        for kind in ("ed25519", "rsa"):
            make_key(self.keys / f"host_{kind}", kind)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def host_fingerprints(self) -> tuple[str, ...]:
        """The fingerprints of its keys: ed25519, then rsa."""
        return tuple(fingerprint(self.keys / f"host_{kind}.pub") for kind in ("ed25519", "rsa"))

    @property
    def known_hosts_lines(self) -> str:
        """What known_hosts says of it, one line per key."""
        keys = [(self.keys / f"host_{kind}.pub").read_text().split() for kind in ("ed25519", "rsa")]
        return "".join(f"[127.0.0.1]:{self.port} {key[0]} {key[1]}\n" for key in keys)

    def remote(self, local: Path) -> str:
        """Return the path by which the server knows a local path below ``root``."""
        return f"/{local.relative_to(self.root).as_posix()}" if self.chroot else str(local)

    def server(self, name: str = "erp", **changes: Any) -> Server:
        """Return the settings with which the gateway reaches it; ``changes`` replace fields."""
        usual: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "login": Login(key=self.client_key),
            "host_keys": self.host_fingerprints,
            "known_hosts": self.keys / "known_hosts",
            "reply_seconds": 10.0,
        }
        return Server(name=name, **{**usual, **changes})

    def yaml(self, name: str = "erp", **lines: str) -> str:
        """Return the section ``servers:`` of a configuration; ``lines`` add keys or replace them."""
        usual = {
            "host": "127.0.0.1",
            "port": str(self.port),
            "user": self.user,
            "host_keys": f"[{', '.join(self.host_fingerprints)}]",
            "login": f"{{key: {self.client_key}}}",
            "reply_timeout": "10s",
        }
        keys = "".join(f"    {key}: {text}\n" for key, text in {**usual, **lines}.items())
        return f"servers:\n  {name}:\n{keys}"

    def certificate(self, key: Path, *options: str, principal: str | None = None) -> Path:
        """Sign a client key with the authority that the server trusts; return the certificate."""
        command = [program("ssh-keygen"), "-q", "-s", str(self.authority), "-I", "test"]
        command += ["-n", principal or self.user, *options, f"{key}.pub"]
        subprocess.run(command, check=True, capture_output=True)
        return Path(f"{key}-cert.pub")

    def authorize(self, *keys: Path) -> None:
        """Let exactly these client keys in."""
        (self.keys / "authorized").write_text("".join(Path(f"{key}.pub").read_text() for key in keys))

    def rotate_host_key(self) -> None:
        """Give the server new host keys, as after a new installation."""
        self.stop()
        for kind in ("ed25519", "rsa"):
            make_key(self.keys / f"host_{kind}", kind)
        self.start()

    def sessions(self) -> list[int]:
        """Return the processes that serve connections now."""
        return descendants(self._process.pid) if self._process else []

    def kill_sessions(self) -> None:
        """Kill every process that serves a connection; the server itself stays."""
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server, connections too; nothing listens on its port any more."""
        if self._process is None:
            return
        sessions = self.sessions()
        self._process.kill()
        self._process.wait()
        for pid in sessions:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process = None

    def start(self) -> None:
        """Start the server, on the port that it had before."""
        for port in _ports(self.port):
            process = self._launch(port)
            wait_for(lambda p=process, at=port: p.poll() is not None or _answers(at), "sshd starts")
            if process.poll() is None:
                self._process, self.port = process, port
                return
        raise AssertionError((self._home / "log").read_text())

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        text = _CONFIG.format(port=port, keys=self.keys) + "".join(f"{one}\n" for one in self._lines)
        if _has_penalties(self._sshd):
            text += "PerSourcePenalties no\n"
        # a key of their own in the environment of the tests must not decide who is served
        options = f"internal-sftp {'-R ' if self._read_only else ''}-d {'/' if self.chroot else self.root}"
        text += f"Subsystem sftp {options}\nForceCommand {options}\n"
        text += f"ChrootDirectory {self.root}\n" if self.chroot else ""
        config = self.keys / "sshd_config"
        config.write_text(text)
        with (self._home / "log").open("ab") as log:
            return subprocess.Popen(
                [self._sshd, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )


def _ports(known: int) -> Iterator[int]:
    """Yield ports to try: the known one again and again, or free ones (another may take one first)."""
    for _ in range(20):
        if known:
            yield known
            continue
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free: int = probe.getsockname()[1]
        yield free


def _answers(port: int) -> bool:
    """Whether an SSH server answers on that port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0) as line:
        line.settimeout(1.0)
        return line.recv(4) == b"SSH-"
    return False
