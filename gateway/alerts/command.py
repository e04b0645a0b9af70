"""Alerts as JSON, to the standard input of a program: no shell, bare environment, bounded time and output."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from gateway.alerts.channel import refused
from gateway.config.settings import CommandChannel

#: What a program is told of the environment; secrets of the gateway are none of its business.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")
#: Output that is kept for the error; the rest is read and dropped.
_OUTPUT = 1000
_LOOK_SECONDS = 0.1


def send(channel: CommandChannel, message: Mapping[str, Any]) -> None:
    """Run the program with ``message`` as its input; it, and what it started, ends within its time.

    Raises AlertUndelivered where it cannot be run, takes too long, or leaves with another status than 0.
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment["GATEWAY_ALERT_ID"] = str(message["id"])
    with tempfile.TemporaryFile() as text:
        text.write(json.dumps(dict(message)).encode() + b"\n")
        text.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - the site's configuration names it, no shell
                channel.command,
                stdin=text,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise refused(channel.name, f"{channel.command[0]} cannot be run: {error}") from error
    with process:
        said, in_time = _watched(process, time.monotonic() + channel.timeout_seconds)
        _end(process)
    if not in_time:
        raise refused(channel.name, f"The program took longer than {channel.timeout_seconds:g} s: {said}")
    if process.returncode:
        raise refused(channel.name, f"The program left with status {process.returncode}: {said}")


def reach(channel: CommandChannel) -> None:
    """Look whether the program is there and may be run, without running it; raises AlertUndelivered."""
    if shutil.which(channel.command[0]) is None:
        raise refused(channel.name, f"{channel.command[0]} is not there, or may not be run")


def _watched(process: subprocess.Popen[bytes], deadline: float) -> tuple[str, bool]:
    """Read what the program says until it ends; return the first of it, and whether it was in time."""
    assert process.stdout is not None  # noqa: S101 - narrows the type for the checker
    said = b""
    is_open = True
    while time.monotonic() < deadline:
        if is_open:
            chunk = _read(process.stdout)
            is_open = chunk != b""
            said = (said + (chunk or b""))[:_OUTPUT]
        else:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        # what it started may keep the output open, and write: its own end is what counts
        if process.poll() is not None and (not is_open or chunk is None or len(said) >= _OUTPUT):
            return said.decode("utf-8", "backslashreplace").strip(), True
    return said.decode("utf-8", "backslashreplace").strip(), False


def _read(stream: IO[bytes]) -> bytes | None:
    """Return what is there to read, empty at the end; None if there was nothing for a moment."""
    ready, _, _ = select.select([stream], [], [], _LOOK_SECONDS)
    return os.read(stream.fileno(), 65536) if ready else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and everything of its session that is still there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
