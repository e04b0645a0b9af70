"""Files that are nothing but large are refused, or passed over, in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import bombs
from tests.fuzz.target import ROOT
from tests.fuzz.throwing import throw

#: MiB of address space that the process may have, and of memory that it may have used in the end.
_SPACE, _PEAK = 1500, 200

_CHILD = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]) << 20,) * 2)
from gateway.errors import GatewayError
from gateway.custody import daylist, settle, verify
from gateway.custody.manifest import read_manifest
from gateway.formats import json_schemas
from gateway.ledger import checkpoint
from gateway.sftp.trust import read_known_hosts
home = Path(sys.argv[1])
for name, size, what in eval(sys.argv[2]):
    bomb = home / name
    with open(bomb, "wb") as file:
        file.truncate(size)
    try:
        print(eval(what))
    except GatewayError as error:
        print(error.code)
# not getrusage: that counts what stood here before this program was loaded
print(int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) >> 10)
"""


#: Name and size of a file of zeros, what is done with it, and what comes of it.
BOMBS = [
    ("manifest-sha256.txt", 10**9, "daylist.read(home)", "manifest-invalid"),
    ("m.json", 10**9, "settle.manifest_owner(bomb)", "manifest-invalid"),
    ("m.json", 10**9, "verify.read_file(bomb)", "manifest-invalid"),
    ("m.json", 0, "read_manifest(b'[' + b'[],' * 5_000_000 + b'1]')", "manifest-invalid"),
    ("s.json", 10**9, "json_schemas.read(bomb)", "format-invalid"),
    ("known_hosts", 10**8, "read_known_hosts(bomb)", "host-key-unknown"),
    ("c", 10**7, "len(checkpoint.read(str(bomb)).listed)", "0"),
]


def test_huge_files_take_little_memory(tmp_path: Path) -> None:
    """A file of zeros, or a manifest of empty lists, shall be refused in its own words and little memory."""
    tried = repr([bomb[:3] for bomb in BOMBS])
    command = [sys.executable, "-c", _CHILD, str(tmp_path), tried, str(_SPACE)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    *told, peak = done.stdout.split()
    assert told == [bomb[3] for bomb in BOMBS]
    assert int(peak) < _PEAK


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", bombs.BOMBS)
def test_bombs_are_read_or_refused_within_bounds(name: str) -> None:
    """What is nothing but large shall come to its known end, in bounded memory and time."""
    assert throw(name).wrong(bombs.BOMBS[name]) == []
