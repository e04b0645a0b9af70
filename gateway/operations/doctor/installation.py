"""What the gateway runs on: Python, libraries, and the limits of the process."""

from __future__ import annotations

import importlib.metadata
import re
import resource
import sys
from collections.abc import Iterator, Sequence

from gateway import __version__
from gateway.operations.doctor.checks import Check, Subject

_DISTRIBUTION = "plant-gateway"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_BOUND = re.compile(r"(>=|<=|==|<|>)\s*([0-9]+(?:\.[0-9]+)*)")
#: Open files: each session, file under way and reader of the ledger takes one.
_LEAST_FILES = 1024
_INOTIFY = "/proc/sys/fs/inotify/"
_LEAST_INSTANCES = 16


def software() -> Iterator[Check]:
    """Yield whether Python and the libraries are those that the gateway was made for."""
    subject = Subject("installation", "software")
    try:
        wanted = importlib.metadata.requires(_DISTRIBUTION) or []
        python = importlib.metadata.distribution(_DISTRIBUTION).metadata["Requires-Python"] or ""
    except importlib.metadata.PackageNotFoundError:
        yield subject.warning(
            f"gateway {__version__} is not installed as a package",
            "Nobody can say which versions of the libraries it needs",
            "Install it as docs/installing.md says",
        )
        return
    here = ".".join(map(str, sys.version_info[:3]))
    wrong = unmet(wanted)
    if not _meets(here, python):
        wrong.append(f"Python {here}, needed {python}")
    if wrong:
        yield subject.failure(
            "; ".join(wrong),
            "The gateway was not tested with them, and may fail in the middle of its work",
            "Install it anew with the libraries that it names",
        )
    else:
        yield subject.ok(f"gateway {__version__}, Python {here}, all libraries as needed")


def unmet(requirements: Sequence[str]) -> list[str]:
    """Return which of the ``requirements`` of a distribution, extras left out, are not installed here."""
    return [text for one in requirements if "extra ==" not in one for text in _lacking(one)]


def _lacking(requirement: str) -> Iterator[str]:
    name = _NAME.match(requirement)
    if name is None:
        return
    try:
        found = importlib.metadata.version(name[0])
    except importlib.metadata.PackageNotFoundError:
        yield f"{name[0]} is not installed"
        return
    if not _meets(found, requirement[name.end() :]):
        yield f"{name[0]} {found} is installed, needed {requirement}"


def _meets(found: str, bounds: str) -> bool:
    have = _numbers(found)
    compare = {
        ">=": have.__ge__, "<=": have.__le__, "==": have.__eq__, "<": have.__lt__, ">": have.__gt__,
    }  # fmt: skip
    return all(compare[operator](_numbers(bound)) for operator, bound in _BOUND.findall(bounds))


def _numbers(version: str) -> tuple[int, ...]:
    """Return the release numbers of a version, without zeros at the end: 2.1.0rc1 is (2, 1)."""
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def limits(watched: int) -> Iterator[Check]:
    """Yield whether this process may open enough files, and watch ``watched`` folders."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    subject = Subject("installation", "open files")
    if soft == resource.RLIM_INFINITY or soft >= _LEAST_FILES:
        yield subject.ok(f"up to {soft:,}" if soft != resource.RLIM_INFINITY else "without limit")
    else:
        yield subject.warning(
            f"this account may open {soft:,} files",
            "A pass with many files or sessions stops in the middle when it can open no more",
            f"Set `LimitNOFILE={_LEAST_FILES * 8}` in the unit of the service, or `ulimit -n` in its shell",
        )
    if watched:
        yield from _watches(watched)


def _watches(watched: int) -> Iterator[Check]:
    subject = Subject("installation", "watched folders")
    most = {name: _number_in(f"{_INOTIFY}max_user_{name}") for name in ("watches", "instances")}
    needed = {"watches": watched * 4, "instances": _LEAST_INSTANCES}
    low = {name: count for name, count in most.items() if count is not None and count < needed[name]}
    if low:
        shown = ", ".join(f"{count:,} {name}" for name, count in low.items())
        yield subject.warning(
            f"the kernel gives an account {shown}; {watched} folders are to be watched",
            "Folders that cannot be watched are looked at at their interval only",
            "; ".join(f"`sysctl fs.inotify.max_user_{name}={needed[name] * 8}`" for name in low),
        )
    else:
        yield subject.ok(f"{watched}; the kernel gives an account {most['watches'] or 'enough'} watches")


def _number_in(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None
