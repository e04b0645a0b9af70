"""Which tests share something dear, and so run in one of the processes.

pytest-xdist has the mark `xdist_group` for this; with pytest 9.2 it takes effect no longer, for node
ids cannot be changed any more.
"""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it has no types

_SERVER = "one PostgreSQL server"
#: What they share, by the beginning of their node ids.
GROUPS = {
    "tests/care/test_care_server.py": _SERVER,
    "tests/docs/test_finding_codes.py": "an example of every finding code",
    "tests/docs/test_pages.py": "an example of every finding code",
    "tests/nodes/test_failover.py": _SERVER,
    "tests/nodes/test_hands_beside.py": _SERVER,
    "tests/nodes/test_nodes_at_work.py": _SERVER,
    "tests/nodes/test_stale_owner.py": _SERVER,
    "tests/nodes/test_stale_sftp.py": _SERVER,
    "tests/postgres/": _SERVER,
    "tests/retention/test_removal_postgres.py": _SERVER,
    "tests/start/test_demo.py": "one run of the demo",
    "tests/start/test_readme.py": "one run of the demo",
    "tests/start/test_wheel.py": "the wheel",
}


#: What those of the ledger are called that are run once more on a server.
_ON_A_SERVER = re.compile(r"tests/ledger/.*\[(.*-)?postgresql\b")


def group_of(nodeid: str) -> str:
    """Return what a test shares with others; its own id where that is nothing."""
    if _ON_A_SERVER.match(nodeid):
        return _SERVER
    return next((group for start, group in GROUPS.items() if nodeid.startswith(start)), nodeid)


class Grouping(LoadScopeScheduling):  # type: ignore[misc] # it has no types
    """Gives each test to the process that is free, and those of a group to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
