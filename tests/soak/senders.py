"""The senders: good files, wrong ones, halves, repetitions, out of order, with side files that come late."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gateway.printable import printable
from tests.soak.contents import (
    FIRST_LAYOUT,
    NEW_UNIT,
    Content,
    adjustment,
    bill,
    confirmation_name,
    csv_confirmation,
    order,
)
from tests.soak.model import Model
from tests.soak.site import ROUTES, Proof

_SENDERS = ("MES01", "MES02")


@dataclass
class Pending:
    """A file whose sender has not said yet that it is whole."""

    content: Content
    finish: Callable[[], None]


@dataclass
class Senders:
    """All senders of the site, and the numbers they are at."""

    inbox: Path
    model: Model
    remote: Path | None = None  #: the directory ``out`` on the partner's server
    serial: int = 0
    next_number: dict[tuple[str, str], int] = field(default_factory=dict)
    last_in_chain: int = 0
    minute: int = 0
    kept_back: dict[str, list[Content]] = field(default_factory=dict)  #: written, and not sent yet
    pending: list[Pending] = field(default_factory=list)
    sent: dict[str, list[Content]] = field(default_factory=dict)
    rubbish: set[tuple[str, str]] = field(default_factory=set)  #: route and name of what is never taken

    # ---- what is written

    def fresh(self, rng: Random, route: str, *, fault: str = "") -> Content:
        """Write the next file of a route; with ``fault`` it must fail."""
        self.serial += 1
        if route == "orders":
            self.minute += rng.choice((1, 1, 1, 5, 600))
            return order(self.minute, self.serial, fault=fault or None)
        if route == "boms":
            return bill(self.serial, fault=fault or None)
        if route == "adjustments":
            return adjustment(self._number(route, "WMS1"), self.serial, fault=fault or None)
        return self._confirmation(rng, route, fault)

    def _number(self, route: str, sender: str) -> int:
        number = self.next_number.get((route, sender), 0) + 1
        self.next_number[route, sender] = number
        return number

    def _confirmation(self, rng: Random, route: str, fault: str) -> Content:
        sender = rng.choice(_SENDERS) if route in ("confirmations", "mapped") else "MES01"
        number = self._number(route, sender)
        name = confirmation_name(number, sender)
        wrong = {"": {}, "layout": {"layout": "9.9"}}.get(fault, {"quantity": "4B0,5"})
        rows, form, first = rng.choice((1, 2, 2, 3, 40)), self._form(rng, route), self.serial * 100
        if route != "chains":
            return csv_confirmation(route, name, sender, number, first, rows=rows, form=form, **wrong)
        # numbers of a chain neither ascend nor are gapless
        chained = number * 7919 % 99991 + 1
        name = f"V_{self.last_in_chain}_{chained}.csv"
        content = csv_confirmation(route, name, sender, chained, first, rows=rows, form=form, **wrong)
        content = dataclasses.replace(content, previous=self.last_in_chain)
        self.last_in_chain = chained
        return content

    def _form(self, rng: Random, route: str) -> tuple[str, str]:
        """Choose the layout of a confirmation, in force or not, and its unit; mappings know one layout."""
        if route == "mapped" or rng.random() < 0.7:
            return FIRST_LAYOUT, "KG"
        newest = self.model.newest
        minor = rng.choice((1, newest, newest, newest + 1, rng.randint(1, newest)))
        return f"1.{minor}", rng.choice(("KG", NEW_UNIT))

    def corrected(self, content: Content) -> Content:
        """Return what an operator makes of a failed file: the same without its fault."""
        self.serial += 1
        if content.route == "orders":
            good = order(0, self.serial)
        elif content.route == "boms":
            good = bill(self.serial)
        elif content.route == "adjustments" and content.fault is None and self.serial % 2:
            # nothing was wrong with its records: they come again, with another quantity
            good = dataclasses.replace(content, data=content.data.replace(b",1.5,", b",2.5,"))
        elif content.route == "adjustments":
            good = adjustment(content.number or 0, self.serial)
        else:
            number = content.number or 0
            good = csv_confirmation(content.route, content.name, content.sender, number, self.serial * 100)
        return dataclasses.replace(
            good, name=content.name, number=content.number, previous=content.previous, route=content.route
        )

    # ---- how it is sent

    def send(self, rng: Random, content: Content) -> str:
        """Put the file where its route takes it from, as its sender does; say what was done."""
        if self.is_there(content):
            return f"{content.name} still lies there"
        proof = ROUTES[content.route].proof
        if rng.random() < 0.15 and proof is not Proof.STILL:
            return self._send_half(rng, content)
        self._put(content)
        if proof in (Proof.MARKER, Proof.CHECKSUM, Proof.CONTROL) and rng.random() < 0.3:
            self.pending.append(Pending(content, lambda: self._side_file(content)))
            return f"{content.name}, its side file comes later"
        self._side_file(content)
        return content.name

    def send_whole(self, content: Content) -> None:
        """Put the file and what proves it complete where its route takes it from."""
        self._put(content)
        self._side_file(content)

    def place(self, content: Content) -> Path:
        """Return the directory that a file is put into."""
        return self.place_of(content.route)

    def place_of(self, route: str) -> Path:
        """Return the directory that the route takes files from."""
        if ROUTES[route].is_remote:
            assert self.remote is not None
            return self.remote
        return self.inbox / route

    def is_there(self, content: Content) -> bool:
        """Whether a file of the name lies there, or is being written."""
        name = self.place(content) / content.name
        waits = any(
            one.content.route == content.route and one.content.name == content.name for one in self.pending
        )
        return waits or os.path.lexists(name) or os.path.lexists(f"{name}.tmp")

    def _put(self, content: Content) -> None:
        """Write the file and give it its name when it is whole."""
        place = self.place(content)
        part = place / f".{self.serial}.part"
        part.write_bytes(content.data)
        self._hand_over(content)
        part.rename(place / content.name)

    def _hand_over(self, content: Content) -> None:
        self.model.send(dataclasses.replace(content, name=printable(content.name)))
        self.sent.setdefault(content.route, []).append(content)

    def _side_file(self, content: Content) -> None:
        """Write what proves the file complete."""
        place, proof = self.place(content), ROUTES[content.route].proof
        if proof is Proof.MARKER:
            (place / f"{content.name}.done").write_bytes(b"")
        elif proof is Proof.CHECKSUM:
            self._hidden(place, f"{content.name}.sha256", f"{content.sha256}  {content.name}\n")
        elif proof is Proof.CONTROL:
            line = f"{content.name};{content.sha256};2\n"
            self._hidden(place, f"{content.name}.{self.serial}.ctl", f"file;sha256;records\n{line}")

    def _hidden(self, place: Path, name: str, text: str) -> None:
        part = place / f".{name}.part"
        part.write_text(text, encoding="utf-8")
        part.rename(place / name)

    def _send_half(self, rng: Random, content: Content) -> str:
        """Write a part of the file; the rest, and what proves it complete, come later."""
        proof, place = ROUTES[content.route].proof, self.place(content)
        name = f"{content.name}.tmp" if proof is Proof.RENAME else content.name
        cut = rng.randrange(max(1, len(content.data)))
        (place / name).write_bytes(content.data[:cut])

        def finish() -> None:
            with (place / name).open("ab") as file:
                file.write(content.data[cut:])
            self._hand_over(content)
            if name != content.name:
                (place / name).rename(place / content.name)
            self._side_file(content)

        self.pending.append(Pending(content, finish))
        return f"{cut} of {len(content.data)} bytes of {content.name}"

    def finish(self, rng: Random) -> str:
        """Complete one of the files that are not whole yet."""
        if not self.pending:
            return "nothing to complete"
        one = self.pending.pop(rng.randrange(len(self.pending)))
        one.finish()
        return f"completed {one.content.name}"

    # ---- repetitions and surprises

    def again(self, rng: Random, route: str) -> str:
        """Send something once more: the same, other bytes, a record, the bytes under another name."""
        earlier = self.sent.get(route)
        if not earlier:
            return "nothing was sent yet"
        old = rng.choice(earlier[-60:])
        kinds = ["resend", "renamed", "conflict", "record", "copy"]
        rng.shuffle(kinds)
        # a conflict is the rarest mistake and the worst: it comes first more often
        for kind in ["conflict", *kinds] if rng.random() < 0.25 else kinds:
            made = self._repetition(rng, old, kind)
            if made is not None:
                return f"{kind}: {self.send(rng, made)}"
        return f"nothing can repeat {old.name}"

    def _repetition(self, rng: Random, old: Content, kind: str) -> Content | None:
        self.serial += 1
        if kind == "resend":
            return old
        if kind == "renamed" and old.route in ("confirmations", "mapped", "remote", "orders", "boms"):
            stem, dot, suffix = old.name.rpartition(".")
            return dataclasses.replace(old, name=f"{stem}-again{self.serial}{dot}{suffix}")
        if (
            kind == "conflict"
            and old.number is not None
            and old.route in ("confirmations", "mapped", "remote")
        ):
            made = csv_confirmation(old.route, old.name, old.sender, old.number, self.serial * 100, rows=4)
            # under a name that fails whatever stands in the file, other bytes fail as well
            if old.message is None:
                made = dataclasses.replace(made, fault=old.fault, message=None)
            return made
        if kind == "conflict" and old.route == "adjustments":
            return adjustment(old.number or 0, self.serial)
        if kind == "conflict" and old.route in ("orders", "boms") and old.message is not None:
            return self._same_message(old.route, int(old.message[-8:]))
        if kind == "record" and old.route in ("confirmations", "remote") and old.records:
            number = self._number(old.route, old.sender)
            name = confirmation_name(number, old.sender)
            return csv_confirmation(old.route, name, old.sender, number, int(min(old.records)) - 1, rows=1)
        if kind == "copy":
            return self._copy(old)
        return None

    def _same_message(self, route: str, of: int) -> Content:
        """Another document of a message that was sent before: here no number tells, only the message."""
        if route == "boms":
            return bill(self.serial, as_serial=of)
        self.minute += 1
        return order(self.minute, self.serial, as_serial=of)

    def _copy(self, old: Content) -> Content | None:
        """The same bytes as another file: under another number, or on another route."""
        if old.route == "adjustments":
            number = self._number("adjustments", "WMS1")
            return dataclasses.replace(
                old, name=f"INVADJ_WMS1_{number:06d}.csv", number=number, message=f"{number:06d}"
            )
        if old.route == "confirmations" and old.fault is None and old.layout == FIRST_LAYOUT:
            return dataclasses.replace(old, route="mapped")
        return None

    def keep_back(self, rng: Random, route: str) -> str:
        """Write a file and send it later: its successors go first."""
        content = self.fresh(rng, route)
        self.kept_back.setdefault(route, []).append(content)
        return f"keeps {content.name} back"

    def send_kept(self, rng: Random, route: str) -> str:
        """Send a file that was kept back."""
        kept = self.kept_back.get(route)
        if not kept:
            return "nothing was kept back"
        return self.send(rng, kept.pop(rng.randrange(len(kept))))

    def odd(self, rng: Random) -> str:
        """Put something odd: no bytes at all, a strange name, something that nobody takes."""
        self.serial += 1
        kind = rng.choice(("empty", "name", "rubbish", "wrong checksum"))
        if kind == "rubbish":
            route = rng.choice(("confirmations", "orders", "boms"))
            name = rng.choice(("notes.txt", "~$list.csv", "Thumbs.db", "öl\nfaß.doc"))
            if not os.path.lexists(self.inbox / route / name):
                (self.inbox / route / name).write_bytes(b"x")
            self.rubbish.add((route, name))
            return f"{name!r} on {route}"
        if kind == "name":
            name = rng.choice(
                (f"Öl & Faß {self.serial}.csv", f'"quo\'ted"\n{self.serial}.csv', f"-rf {self.serial}.csv")
            )
            content = csv_confirmation("mapped", name, "MES09", self.serial, self.serial * 100)
            return self.send(rng, dataclasses.replace(content, fault="its name", message=None))
        if kind == "empty":
            name = confirmation_name(self.serial, "MES08")
            return self.send(rng, Content("confirmations", name, b"", "MES08", fault="empty"))
        return self._contradicted()

    def _contradicted(self) -> str:
        """Send an order whose checksum file says something else."""
        self.minute += 1
        content = order(self.minute, self.serial)
        self.model.contradicted.add((content.route, content.name))
        self._put(content)
        wrong = hashlib.sha256(b"something else").hexdigest()
        self._hidden(self.place(content), f"{content.name}.sha256", f"{wrong}  {content.name}\n")
        return f"{content.name} with a wrong checksum"

    def take_back(self, rng: Random) -> str:
        """Take a file away again that was not taken yet."""
        route = rng.choice([one for one in self.sent if not ROUTES[one].is_remote] or ["boms"])
        for content in reversed(self.sent.get(route, ())[-20:]):
            path = self.place(content) / content.name
            if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == content.sha256:
                path.unlink()
                self.model.take_back(content)
                self.pending = [one for one in self.pending if one.content is not content]
                for side in self.place(content).glob(f"{content.name}.*"):
                    side.unlink()
                return f"took {content.name} back"
        return "nothing to take back"
