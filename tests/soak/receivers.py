"""The receivers: they take what is published, keep it, and complain about a file too many or too early."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter as Tally
from dataclasses import dataclass, field
from pathlib import Path

from gateway.printable import printable
from tests.soak.model import Model, Violation
from tests.soak.site import CHECKSUMS, MARKERS, ROUTES, Count

#: Names under which destinations are written: key, who writes, and the destination's name on a server.
_WRITTEN = re.compile(r"\.(?P<key>[0-9A-Z]{26}[^.]*?)(?:\.t[0-9]+)?(?:-[a-z]+)?\.part(?:\..*)?")


@dataclass
class Receivers:
    """Every destination of the site, and what was taken from it."""

    places: dict[tuple[str, str], Path]  #: by route and destination
    taken: Tally[tuple[str, str, str, str]] = field(default_factory=Tally)
    numbers: dict[tuple[str, str, str], set[int]] = field(default_factory=dict)
    known: set[tuple[str, str, str]] = field(default_factory=set)  #: keys that were looked at

    def look(self) -> dict[tuple[str, str], list[str]]:
        """Return the names that are published, by place; a name that another follows is seen with that."""
        found = {}
        for place, directory in self.places.items():
            names = set(self._published(place, directory))
            # what was published while the first look went on stands before what that look saw
            found[place] = sorted(names | set(self._published(place, directory)))
        return found

    def _published(self, place: tuple[str, str], directory: Path) -> list[str]:
        try:
            names = [name for name in os.listdir(directory) if not name.startswith(".")]
        except FileNotFoundError:
            return []
        marker, checksum = MARKERS.get("/".join(place)), CHECKSUMS.get("/".join(place))
        if marker is not None:
            return [name.removesuffix(marker) for name in names if name.endswith(marker)]
        return [name for name in names if checksum is None or not name.endswith(checksum)]

    def keys(self) -> set[tuple[str, str, str]]:
        """Return the keys in names of files that are being written: route, destination, key."""
        found = set()
        for (route, one), directory in self.places.items():
            for name in os.listdir(directory) if directory.is_dir() else ():
                known = _WRITTEN.match(name)
                if known:
                    found.add((route, one, known["key"]))
        return found

    def demand_keys(self, model: Model, keys: set[tuple[str, str, str]]) -> None:
        """Raise Violation for a key that is none of one attempt of one file: a receiver may go by it."""
        for route, destination, key in keys - self.known:
            transfer, _, attempt = key.partition("-")
            if not (attempt.isdigit() and (transfer, destination, int(attempt)) in model.promised):
                raise Violation(f"{route}/{destination}: {key} is the key of no delivery that is due")
        self.known |= keys

    def take(self, model: Model, found: dict[tuple[str, str], list[str]]) -> int:
        """Take the files ``found``; raises Violation for one that was not due, or not yet."""
        count = 0
        for place, names in found.items():
            taken = [self._take_one(model, place, name) for name in names]
            self._demand_order(model, place, taken)
            count += len(names)
        return count

    def _take_one(self, model: Model, place: tuple[str, str], name: str) -> tuple[str, str]:
        directory = self.places[place]
        data = directory / name
        digest = hashlib.sha256(data.read_bytes()).hexdigest()
        checksum = CHECKSUMS.get("/".join(place))
        if checksum is not None:
            self._demand_checksum(Path(f"{data}{checksum}"), name, digest)
        one = (*place, printable(name), digest)
        self.taken[one] += 1
        if self.taken[one] > model.due[one]:
            raise Violation(f"{one} was delivered {self.taken[one]} times; {model.due[one]} times it was due")
        data.unlink()
        marker = MARKERS.get("/".join(place))
        if marker is not None:
            Path(f"{data}{marker}").unlink()
        return name, digest

    def _demand_checksum(self, path: Path, name: str, digest: str) -> None:
        said = path.read_text(encoding="utf-8")
        if said != f"{digest}  {name}\n":
            raise Violation(f"the checksum file of {name} says {said!r}, not {digest}")
        path.unlink()

    def _demand_order(self, model: Model, place: tuple[str, str], taken: list[tuple[str, str]]) -> None:
        """Raise Violation where a file of a strict counter came before one with a lower number."""
        route = ROUTES[place[0]]
        if route.count is not Count.STRICT:
            return
        contents = [model.facts.get((route.name, printable(name), digest)) for name, digest in taken]
        numbers: dict[str, set[int]] = {}
        for one in contents:
            if one is not None and one.number is not None:
                numbers.setdefault(one.sender, set()).add(one.number)
        for sender, new in numbers.items():
            all_taken = self.numbers.setdefault((*place, sender), set())
            all_taken |= new
            stream = model.streams[f"{route.name}/{sender}"]
            early = [n for n in range(1, max(new)) if n not in all_taken and n not in stream.ever_waived]
            if early:
                raise Violation(f"{place}: {max(new)} of {sender} was delivered before {early[:5]}")

    def owed(self, model: Model) -> list[str]:
        """Return what was due and has not come."""
        return [
            f"{one} x{count - self.taken[one]}" for one, count in model.due.items() if count > self.taken[one]
        ]
