"""`python -m tests.faults kills`: kill the gateway at every call, and see what it comes to."""

from __future__ import annotations

import argparse
import sys

from tests.faults.days import DAYS
from tests.faults.kills import Plan, kill


def main() -> int:
    """Run the matrix and print its table; return 1 where a point came to another end."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    kills = commands.add_parser("kills", help="kill at every call that changes a file or makes it durable")
    kills.add_argument("--day", choices=[*DAYS, "all"], default="all", help="what is run (default: all)")
    kills.add_argument("--every", type=int, default=1, metavar="N", help="every N-th point (default: all)")
    kills.add_argument("--offset", type=int, default=0, metavar="K", help="leave out the first K points")
    kills.add_argument("--twice", action="store_true", help="kill the recovery too")
    kills.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (default: 2)")
    kills.add_argument("--seed", type=int, default=1, help="chooses where recoveries are killed")
    given = parser.parse_args()
    status = 0
    for day in DAYS if given.day == "all" else [given.day]:
        matrix = kill(Plan(day, given.every, given.offset, given.twice, given.jobs, given.seed))
        print(f"{matrix.table()}\n\n{matrix.summary()}\n", flush=True)  # noqa: T201
        for one in matrix.failed:
            print(f"{one.point}\n  " + "\n  ".join(one.differs), flush=True)  # noqa: T201
        status = status or int(bool(matrix.failed))
    return status


if __name__ == "__main__":
    sys.exit(main())
