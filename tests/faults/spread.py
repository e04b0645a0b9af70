"""A few errors and a few losses of power on one prepared site: what the default suite has time for."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.faults import errors, power
from tests.faults.bench import Bench
from tests.faults.shim import Control

#: One of so many cases of errors; every so manieth commit.
_SHARE, _EVERY = 1500, 41
#: Cases that went wrong once: files that may not even be looked at, and one that cannot be opened twice.
_FOUND = (
    errors.Case("EACCES", 1, "stat64", "/formats/formats.lock"),
    errors.Case("EACCES", 1, "stat64", "/audit/checkpoints.jsonl"),
    errors.Case("EACCES", 1, "stat64", "/ledger/gateway.db", lasts=True),
    errors.Case("EMFILE", 6, "open", "/working/mapped", times=2),
    errors.Case("EACCES", 1, "fstat64", "/ledger/gateway.db.checked"),
)


def main(directory: Path, control: Path) -> None:
    """Try both and print each outcome as a line: what a process with the library does."""
    with Control(control) as told:
        bench = Bench(directory, told)
        some = errors.spread(errors.cases(bench.calls, tuple(errors.MEET)), _SHARE, 4)
        errors.try_part(bench, told, [*some, *_FOUND])
        power.try_part(bench, told, directory, slice(None, None, _EVERY), 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
