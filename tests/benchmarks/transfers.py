"""Pull and push over SFTP side by side with OpenSSH's `sftp`: one server, one cipher, in turns.

Connecting and logging in are part of every measurement, and so is making durable what is pushed
(`put -f` on OpenSSH's side). Pulled files are written and not synced, on both sides.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.config.settings import Server
from gateway.sftp.base import Fetch, Session, Store, Stored
from gateway.sftp.client import open_session
from gateway.sftp.transport import dispose, open_transport
from tests.sftp.openssh import OpenSsh, program

CIPHER = "aes128-gcm@openssh.com"
RUNS = 5
_LARGE_MB, _SMALL_FILES, _SMALL_BYTES = 1024, 2_000, 4096


@dataclass(frozen=True)
class Bench:
    """The server, what stands there, and what stands here."""

    server: Server
    there: Path
    here: Path
    names: tuple[str, ...]
    sums: dict[str, str]

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


def table() -> str:
    """Measure in turns and return the table of medians."""
    with OpenSsh() as sshd, tempfile.TemporaryDirectory(prefix="gateway-transfers-") as here:
        bench = _prepared(sshd, Path(here))
        measured: dict[str, tuple[list[float], list[float]]] = {words: ([], []) for words in _cases(bench)}
        for _ in range(RUNS):
            for words, works in _cases(bench).items():
                print(f"... {words}", file=sys.stderr)  # noqa: T201 - a command that prints
                for seconds, work in zip(measured[words], works, strict=True):
                    bench.clean()
                    begun = time.perf_counter()
                    work()
                    seconds.append(time.perf_counter() - begun)
    lines = ["| work | OpenSSH `sftp` | gateway | gateway / OpenSSH |", "|---|---|---|---|"]
    for words, (theirs, ours) in measured.items():
        # of pairs that were measured one after the other: the machine was equally busy for both
        ratio = statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
        lines.append(
            f"| {words} | {statistics.median(theirs):.2f} s | {statistics.median(ours):.2f} s | {ratio:.2f} |"
        )
    return "\n".join(lines)


def software() -> str:
    """Return which OpenSSH is measured against."""
    told = subprocess.run([program("ssh"), "-V"], check=True, capture_output=True, text=True)
    return (told.stderr or told.stdout).partition(" ")[0]


def _cases(bench: Bench) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
    there, here, large = bench.there, bench.here, ("large",)
    return {
        "get one file of 1 GB": (
            lambda: bench.openssh(f"get {there}/large/large {here}/out/large"),
            lambda: bench.gateway(lambda session: bench.get(session, "large", large)),
        ),
        "put one file of 1 GB, durable": (
            lambda: bench.openssh(f"put -f {here}/large/large {there}/in/large"),
            lambda: bench.gateway(lambda session: bench.put(session, "large", large)),
        ),
        "get 2,000 files of 4 KB": (
            lambda: bench.openssh(f"get {there}/small/* {here}/out/"),
            lambda: bench.gateway(lambda session: bench.get(session, "small", bench.names)),
        ),
        "put 2,000 files of 4 KB, durable": (
            lambda: bench.openssh(f"put -f {here}/small/* {there}/in/"),
            lambda: bench.gateway(lambda session: bench.put(session, "small", bench.names)),
        ),
    }


def _prepared(sshd: OpenSsh, here: Path) -> Bench:
    """Write the files, the same on both sides."""
    names = tuple(f"file{number:05}" for number in range(_SMALL_FILES))
    sums = {name: _written(sshd.root / "small" / name, _SMALL_BYTES) for name in names}
    sums["large"] = _written(sshd.root / "large" / "large", _LARGE_MB << 20)
    for directory in ("small", "large"):
        shutil.copytree(sshd.root / directory, here / directory)
    return Bench(sshd.server(), sshd.root, here, names, sums)


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
