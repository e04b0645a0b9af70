"""One gateway per site, and no lock that outlives its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.custody.guard import SiteGuard, holder
from gateway.errors import FileMissing, SiteBusy
from tests.custody.custody_samples import new_site

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from gateway.custody.guard import SiteGuard
with SiteGuard(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(site: Path) -> subprocess.Popen[str]:
    """Start another process that works on ``site``."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(site)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_gateway_is_told_who_works_on_the_site(tmp_path: Path) -> None:
    """While one process works on a site another one is refused, with the first one's number."""
    new_site(tmp_path)
    with hold(tmp_path) as other:
        with pytest.raises(SiteBusy, match=f"Process {other.pid} on .* works on this site since 20"):
            SiteGuard(tmp_path).__enter__()
        seen = holder(tmp_path)
        assert seen is not None
        assert seen.pid == other.pid
        other.communicate("")
    with SiteGuard(tmp_path):
        pass


def test_a_killed_gateway_leaves_no_lock(tmp_path: Path) -> None:
    """After a kill the next gateway starts at once."""
    new_site(tmp_path)
    with hold(tmp_path) as other:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    assert holder(tmp_path) is None
    with SiteGuard(tmp_path):
        seen = holder(tmp_path)
        assert seen is not None
        assert seen.pid == os.getpid()


def test_nobody_works_on_a_site_without_a_lock_file(tmp_path: Path) -> None:
    """A site that was never worked on has no holder; a directory that is no site is an error."""
    new_site(tmp_path / "site")
    assert holder(tmp_path / "site") is None
    with pytest.raises(FileMissing):
        SiteGuard(tmp_path / "other").__enter__()
