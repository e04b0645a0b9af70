"""`python -m tests.faults`: kill the gateway, let calls fail, or take its power at every call."""

from __future__ import annotations

import argparse
import sys

from tests.faults import cuts, errors, power
from tests.faults.days import DAYS, WHOLE
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
    kills.set_defaults(work=_kill)
    errors_ = commands.add_parser("errors", help="let calls end with errors of the system")
    errors_.add_argument("--every", type=int, default=1, metavar="N", help="one of N cases (default: all)")
    errors_.add_argument(
        "--errno", default=",".join(errors.MEET), help="which, by names and commas (default: all)"
    )
    errors_.set_defaults(work=_err)
    losses = commands.add_parser("power", help="lose what was not synced, at every commit of a pass")
    losses.add_argument("--every", type=int, default=1, metavar="N", help="every N-th commit (default: all)")
    losses.add_argument(
        "--cuts", type=int, default=0, metavar="N", help="cut off a real file system so often (root)"
    )
    losses.set_defaults(work=_lose)
    for each in (errors_, losses):
        each.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (default: 2)")
        each.add_argument("--seed", type=int, default=1, help="chooses among cases, losses and cuts")
    given = parser.parse_args()
    return int(given.work(given))


def _kill(given: argparse.Namespace) -> int:
    status = 0
    for day in WHOLE if given.day == "all" else [given.day]:
        matrix = kill(Plan(day, given.every, given.offset, given.twice, given.jobs, given.seed))
        print(f"{matrix.table()}\n\n{matrix.summary()}\n", flush=True)  # noqa: T201
        for one in matrix.failed:
            print(f"{one.point}\n  " + "\n  ".join(one.differs), flush=True)  # noqa: T201
        status = status or int(not matrix.is_right)
    return status


def _err(given: argparse.Namespace) -> int:
    names = given.errno.split(",")
    return _told(errors.table(errors.tried_apart(names, given.every, given.seed, given.jobs)))


def _lose(given: argparse.Namespace) -> int:
    if given.cuts:
        return _told(power.table(cuts.cut_apart(given.cuts, given.seed)))
    return _told(power.table(power.lost_apart(given.every, given.seed, given.jobs)))


def _told(result: tuple[str, int]) -> int:
    text, wrong = result
    print(text, flush=True)  # noqa: T201
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
