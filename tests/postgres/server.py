"""A real PostgreSQL server in a directory of its own, on the loopback and on a socket.

It runs as an account without rights where the tests run as root (PostgreSQL refuses root), and touches
nothing of the system's server.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

from tests.sftp.openssh import descendants, wait_for

_USER = "gateway"
#: Durable as in a plant, but for the settings that only cost time at the start.
_SETTINGS = {
    "fsync": "on",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "autovacuum": "off",
    "log_min_messages": "fatal",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "dynamic_shared_memory_type": "mmap",
}


def program(name: str) -> str:
    """Return the path of a PostgreSQL program; without it tests skip, or fail on CI."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name))
    path = os.pathsep.join([*map(str, reversed(places)), os.environ.get("PATH", os.defpath)])
    found = shutil.which(name, path=path)
    if found is None:
        words = f"{name} is not installed: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return found


def _account() -> dict[str, Any]:
    """Return as whom the server's programs run: not as root, which they refuse."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _own_directory(prefix: str) -> Path:
    """Make a directory of the server's account."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    if account := _account():
        os.chown(path, account["user"], account["group"])
    return path


def run(name: str, *words: str) -> str:
    """Run a PostgreSQL program as the server's account and return what it said."""
    command = [program(name), *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **_account())
    assert done.returncode == 0, f"{name}: {done.stderr}"
    return str(done.stdout)


@functools.cache
def _template() -> Path:
    """Return a directory with a new cluster, made once in a process; every server starts on a copy."""
    import atexit

    home = _own_directory("gateway-initdb-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    words = ["--username", _USER, "--auth", "trust", "--encoding", "UTF8", "--no-sync"]
    run("initdb", "-D", str(home / "data"), *words, "--locale", "C.UTF-8")
    return home / "data"


class PostgresServer:
    """One server; a context manager. ``settings`` replace lines of postgresql.conf.

    ``fsync="off"`` makes it faster, for tests in which nothing loses power.
    """

    def __init__(self, **settings: str) -> None:
        self.port = 0
        self._settings = {**_SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self.home = _own_directory("gateway-pg-")
        self.data = self.home / "data"
        try:
            template = _template()
            subprocess.run(["cp", "-a", str(template), str(self.data)], check=True)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    @classmethod
    def standby_of(cls, primary: PostgresServer) -> PostgresServer:
        """Return a standby of ``primary`` (whose ``wal_level`` is `replica`) that was not started yet.

        It is a copy that follows the primary's log under the name ``standby``.
        """
        one = cls(**primary._settings)
        one.home = _own_directory("gateway-pg-")
        one.data = one.home / "data"
        source = f"host=127.0.0.1 port={primary.port} user={_USER} application_name=standby"
        run("pg_basebackup", "-d", source, "-D", str(one.data), "-R", "-X", "stream", "-c", "fast", "-N")
        return one

    def wait_for_standby(self, how: str) -> None:
        """Wait until the standby follows; commits wait for it from now on if ``how`` is `sync`."""
        if how == "sync":
            self.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            self.sql("SELECT pg_reload_conf()")
        asked = "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'"
        wait_for(lambda: self.sql(asked) == [(how,)], f"a standby follows: {self.log}")

    def promote(self) -> None:
        """Let this standby take over; it can be written to when this returns."""
        self.sql("SELECT pg_promote(true, 30)")

    def start(self) -> None:
        """Start the server, on the port that it had before, and wait until it answers."""
        self.port = self.port or _free_port()
        settings = {
            **self._settings,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.home),
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [program("postgres"), "-D", str(self.data), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.home / "log").open("ab"),
            start_new_session=True,
            cwd="/",
            **_account(),
        )
        wait_for(self._is_up, f"PostgreSQL starts: {self.log}")

    @property
    def log(self) -> str:
        """What the server has written to its log."""
        return (self.home / "log").read_text(errors="replace")

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"PostgreSQL ended: {self.log}"
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            return True
        return False

    def stop(self, how: str = "fast") -> None:
        """Stop the server and wait: ``smart``, ``fast`` (ends transactions) or ``immediate`` (as a crash)."""
        signals = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        if self._process is not None:
            self._process.send_signal(signals[how])
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """End all processes of the server at once, as a power cut of its machine would."""
        if self._process is None:
            return
        for pid in [self._process.pid, *descendants(self._process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def restart(self, how: str = "fast") -> None:
        """Stop the server and start it again."""
        self.stop(how)
        self.start()

    def pause(self) -> None:
        """Let the server stand still, connections and all."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a paused server go on."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: int) -> None:
        assert self._process is not None
        for pid in [self._process.pid, *descendants(self._process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def url(self, database: str, *, port: int | None = None, **parameters: str) -> str:
        """Return the URL of a database over TCP; ``parameters`` are put behind the question mark."""
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{_USER}@127.0.0.1:{port or self.port}/{database}{'?' * bool(query)}{query}"

    def socket_url(self, database: str) -> str:
        """Return the URL of a database over the server's socket."""
        return f"postgresql://{_USER}@/{database}?host={self.home}&port={self.port}"

    def create_database(self, *options: str) -> str:
        """Make a new empty database, with ``options`` of CREATE DATABASE; return its URL."""
        name = f"ledger_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} {' '.join(options)}")
        return self.url(name)

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Execute a statement as the server's administrator and return its rows, if it has any."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
