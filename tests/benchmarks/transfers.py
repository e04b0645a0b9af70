"""Pull and push over SFTP side by side with OpenSSH's `sftp`: one server, one cipher, in turns.

Connecting and logging in are part of every measurement, and so is making durable what is pushed
(`put -f` on OpenSSH's side). Pulled files are written and not synced, on both sides.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.config.settings import Server
from gateway.sftp.base import Fetch, Session, Store, Stored
from gateway.sftp.client import open_session
from gateway.sftp.transport import dispose, open_transport
from tests.benchmarks.measuring import Measured, progress
from tests.benchmarks.rating import Goal, Options, Row
from tests.benchmarks.rating import table as rated
from tests.sftp.openssh import OpenSsh, program

CIPHER = "aes128-gcm@openssh.com"
RUNS = 5
_LARGE_MB, _SMALL_FILES, _SMALL_BYTES = 1024, 2_000, 4096
HEADING = "Transfers over SFTP"
TEXT = f"""\
Made by `python -m tests.benchmarks sftp --write`: {RUNS} rounds in turns against a real sshd on loopback,
the same cipher (AES-128-GCM) on both sides, log-in included; the ratio is the median of pairs. What is
pushed is made durable on both sides (`put -f`). The gateway proves more: sizes and times before and
after, that a fetch ends where the server says, and the SHA-256 of what it sends."""


@dataclass(frozen=True)
class Bench:
    """The server, what stands there, and what stands here."""

    server: Server
    there: Path
    here: Path
    names: tuple[str, ...]
    sums: dict[str, str]
    large_mb: int

    def clean(self) -> None:
        """Empty the directories that are written into."""
        for directory in (self.there / "in", self.here / "out"):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()

    def openssh(self, *lines: str) -> None:
        """Run OpenSSH's client with a batch of commands."""
        batch = self.here / "batch"
        batch.write_text("".join(f"{line}\n" for line in lines))
        options = [f"-oUserKnownHostsFile={os.devnull}", "-oStrictHostKeyChecking=no", "-oLogLevel=ERROR"]
        command = [program("sftp"), "-q", "-c", CIPHER, "-i", str(self.server.login.key), *options]
        to = ["-P", str(self.server.port), "-b", str(batch), f"{self.server.user}@{self.server.host}"]
        subprocess.run([*command, *to], check=True, stdout=subprocess.DEVNULL)

    def gateway(self, work: Callable[[Session], None]) -> None:
        """Do work over a session of the gateway."""
        transport = open_transport(self.server)
        try:
            cipher = transport.get_security_options().ciphers[0]
            if cipher != CIPHER:
                raise RuntimeError(f"the cipher is {cipher}")
            work(open_session(transport, self.server))
        finally:
            dispose(transport)

    def get(self, session: Session, directory: str, names: tuple[str, ...]) -> None:
        """Pull files, a hundred at a time as a pass does."""
        seen = {entry.name: entry for entry in session.entries(f"{self.there}/{directory}")}
        for start in range(0, len(names), 100):
            batch = names[start : start + 100]
            files = [open(self.here / "out" / name, "xb") for name in batch]  # noqa: SIM115
            results = session.fetch(
                [
                    Fetch(f"{self.there}/{directory}/{name}", seen[name].size, seen[name].mtime, file.write)
                    for name, file in zip(batch, files, strict=True)
                ]
            )
            for file in files:
                file.close()
            if any(results):
                raise RuntimeError(results)

    def put(self, session: Session, directory: str, names: tuple[str, ...]) -> None:
        """Push files, a hundred at a time as a pass does."""
        for start in range(0, len(names), 100):
            results = session.store(
                [
                    Store(
                        str(path := self.here / directory / name),
                        f"{self.there}/in/{name}",
                        self.sums[name],
                        path.stat().st_size,
                    )
                    for name in names[start : start + 100]
                ]
            )
            if set(results) != {Stored(synced=True)}:
                raise RuntimeError(results)


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    with OpenSsh() as sshd, tempfile.TemporaryDirectory(prefix="sftp-", dir=options.directory) as here:
        bench = _prepared(sshd, Path(here), options)
        cases = _cases(bench)
        measured: dict[str, tuple[list[Measured], list[Measured]]] = {words: ([], []) for words in cases}
        for _ in range(options.turns(RUNS)):
            for words, works in cases.items():
                progress(words)
                for runs, work in zip(measured[words], works, strict=True):
                    bench.clean()
                    begun = time.perf_counter()
                    work()
                    runs.append(Measured(time.perf_counter() - begun, 0.0, 0.0))
    rows = [
        Row(words, ours, "OpenSSH `sftp`", theirs, Goal(0.67 if "files" in words else 1.3), memory=False)
        for words, (theirs, ours) in measured.items()
    ]
    return rated(rows) + f"\n\nMeasured with {software()}."


def software() -> str:
    """Return which OpenSSH is measured against."""
    told = subprocess.run([program("ssh"), "-V"], check=True, capture_output=True, text=True)
    return (told.stderr or told.stdout).partition(" ")[0]


def _cases(bench: Bench) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
    there, here, large = bench.there, bench.here, ("large",)
    return {
        f"get one file of {bench.large_mb:,} MB": (
            lambda: bench.openssh(f"get {there}/large/large {here}/out/large"),
            lambda: bench.gateway(lambda session: bench.get(session, "large", large)),
        ),
        f"put one file of {bench.large_mb:,} MB, durable": (
            lambda: bench.openssh(f"put -f {here}/large/large {there}/in/large"),
            lambda: bench.gateway(lambda session: bench.put(session, "large", large)),
        ),
        f"get {len(bench.names):,} files of 4 KB": (
            lambda: bench.openssh(f"get {there}/small/* {here}/out/"),
            lambda: bench.gateway(lambda session: bench.get(session, "small", bench.names)),
        ),
        f"put {len(bench.names):,} files of 4 KB, durable": (
            lambda: bench.openssh(f"put -f {here}/small/* {there}/in/"),
            lambda: bench.gateway(lambda session: bench.put(session, "small", bench.names)),
        ),
    }


def _prepared(sshd: OpenSsh, here: Path, options: Options) -> Bench:
    """Write the files, the same on both sides."""
    names = tuple(f"file{number:05}" for number in range(options.count(_SMALL_FILES)))
    sums = {name: _written(sshd.root / "small" / name, _SMALL_BYTES) for name in names}
    large_mb = options.count(_LARGE_MB)
    sums["large"] = _written(sshd.root / "large" / "large", large_mb << 20)
    for directory in ("small", "large"):
        shutil.copytree(sshd.root / directory, here / directory)
    return Bench(sshd.server(), sshd.root, here, names, sums, large_mb)


def _written(path: Path, size: int) -> str:
    """Write random bytes, and return their SHA-256."""
    path.parent.mkdir(exist_ok=True)
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for start in range(0, size, 1 << 20):
            block = os.urandom(min(1 << 20, size - start))
            digest.update(block)
            file.write(block)
    return digest.hexdigest()
