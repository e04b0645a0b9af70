"""The servers that the tests of sessions stand on are what they claim to be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.sftp.openssh import OpenSsh, program, wait_for


def sftp(server: OpenSsh, commands: str) -> subprocess.CompletedProcess[str]:
    """Run commands with OpenSSH's own client."""
    known = server.keys / "known_hosts_sftp"
    known.write_text(server.known_hosts_lines)
    options = ["-q", "-b", "-", "-P", str(server.port), "-i", str(server.client_key), "-F", "none"]
    options += ["-o", f"UserKnownHostsFile={known}", f"{server.user}@127.0.0.1"]
    return subprocess.run(
        [program("sftp"), *options], input=commands, capture_output=True, text=True, check=False, timeout=20
    )


def test_the_shared_server_serves_the_directory_of_a_test(openssh: OpenSsh, served: Path) -> None:
    """The shared server shall let OpenSSH's own client in and show it the directory of the test."""
    (served / "bonjour-é.txt").write_bytes(b"1")
    done = sftp(openssh, f'ls -1 "{openssh.remote(served)}"')
    assert done.returncode == 0, done.stderr
    assert "bonjour-é.txt" in done.stdout
    wait_for(lambda: not openssh.sessions(), "the session ends")


def test_a_server_comes_back_on_its_port_with_the_keys_it_had() -> None:
    """A server that was stopped shall come back where it was; with new keys only when they are changed."""
    with OpenSsh() as server:
        port, keys = server.port, server.host_fingerprints
        server.stop()
        assert sftp(server, "pwd").returncode != 0
        server.start()
        assert sftp(server, "pwd").returncode == 0
        assert (server.port, server.host_fingerprints) == (port, keys)
        server.rotate_host_key()
        assert server.port == port
        assert not set(server.host_fingerprints) & set(keys)


def test_a_server_that_is_read_only_refuses_changes() -> None:
    """A read-only server shall show files and refuse every change."""
    with OpenSsh(read_only=True) as server:
        (server.root / "a").write_bytes(b"1")
        done = sftp(server, "ls -1\nrename a b\n")
        assert "a" in done.stdout.split()
        assert "Permission denied" in done.stderr
        assert os.listdir(server.root) == ["a"]


def test_a_server_with_chroot_shows_its_directory_as_the_root() -> None:
    """A server with chroot shall know its directory as ``/``."""
    with OpenSsh(chroot=True) as server:
        (server.root / "out").mkdir()
        done = sftp(server, "pwd\nls -1 /\n")
        assert "Remote working directory: /" in done.stdout
        assert "out" in done.stdout
        assert server.remote(server.root / "out") == "/out"
