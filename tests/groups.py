"""Which tests share something dear, and so run in one of the processes.

pytest-xdist has the mark `xdist_group` for this; with pytest 9.2 it takes effect no longer, for node
ids cannot be changed any more.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it has no types

#: What they share, by the beginning of their node ids.
GROUPS = {
    "tests/docs/test_finding_codes.py": "an example of every finding code",
    "tests/docs/test_pages.py": "an example of every finding code",
    "tests/start/test_demo.py": "one run of the demo",
    "tests/start/test_readme.py": "one run of the demo",
    "tests/start/test_wheel.py": "the wheel",
}


class Grouping(LoadScopeScheduling):  # type: ignore[misc] # it has no types
    """Gives each test to the process that is free, and those of a group to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for start, group in GROUPS.items() if nodeid.startswith(start)), nodeid)
