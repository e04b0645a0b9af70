"""The operators: what people do with failed, held and processed files, each in a process of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from gateway.errors import GatewayError
from gateway.ledger import transfers
from gateway.operations.correct import correct
from gateway.operations.holds import release_by_hand
from gateway.operations.reprocess import Selection, replay, reprocess, select
from gateway.operations.retrying import Choice, retry_now
from gateway.operations.sequences import waive
from gateway.stages.context import Context
from tests.soak.clock import JumpingClock
from tests.soak.model import Model, Sent, Violation
from tests.soak.process import Done, by_hand
from tests.soak.senders import Senders
from tests.soak.streams import Counter

_WHY = "the soak asks for it"
_ALLOWED = ("resend", "conflict", "copy", "record-duplicate", "late", "overtaken", "repeated")
#: Operators choose among so many files, the newest.
_RECENT = 40


@dataclass
class Operators:
    """Everybody who acts by hand on the site."""

    directory: Path
    model: Model
    clock: JumpingClock
    senders: Senders

    def _act(self, work: Any, wishes: list[tuple[str, str]]) -> Done:
        """Do ``work``; the wishes count unless it was refused."""
        done = by_hand(self.directory, self.clock, work)
        if done.crash:
            raise Violation(f"an operator met an error that is none of the gateway's: {done.crash}")
        if not done.refusal:
            self.model.asked.update(wishes)
        return done

    def reprocess(self, rng: Random) -> str:
        """Have a failed or set-aside file tried again, with or without allowing something."""
        free = [one for one in self.model.in_state("failed", "duplicate") if one.child is None]
        if not free:
            return "nothing failed"
        chosen = rng.sample(free[-_RECENT:], min(len(free), rng.choice((1, 1, 1, 3)), _RECENT))
        allow = rng.sample(_ALLOWED, rng.choice((0, 1, 1, 2)))

        def work(context: Context) -> None:
            rows = select(context, Selection(tuple(one.id for one in chosen)))
            reprocess(context, rows, _WHY, allow)

        done = self._act(work, [("reprocess-requested", one.id) for one in chosen])
        return f"{[one.name for one in chosen]} allowing {allow} {done.refusal}"

    def replay(self, rng: Random) -> str:
        """Have a processed file delivered again."""
        free = self.model.in_state("processed")[-_RECENT:]
        if not free:
            return "nothing processed"
        one = rng.choice(free)
        done = self._act(
            lambda context: _none(replay(context, [one.id], _WHY)), [("replay-requested", one.id)]
        )
        return f"{one.name} {done.refusal}"

    def correct(self, rng: Random) -> str:
        """Give a corrected file for one that failed."""
        free = [one for one in self.model.in_state("failed") if one.child is None]
        # what has no message fails for its name or its emptiness; a correction has the same name
        free = [one for one in free if one.known.number is not None and one.known.message is not None]
        if not free:
            return "nothing failed"
        overdue = [one for one in free if one.known.fault is None]  # rare: nothing is wrong with its records
        one = rng.choice((overdue if overdue and rng.random() < 0.5 else free)[-_RECENT:])
        content = self.senders.corrected(one.known)
        file = self.directory.parent / f"{self.directory.name}-corrected"
        file.write_bytes(content.data)
        self.model.send(content)

        def work(context: Context) -> None:
            with context.ledger.read() as connection:
                row = transfers.find(connection, one.id)
            correct(context, row, file, _WHY)

        done = self._act(work, [])
        if done.refusal:
            self.model.take_back(content)
        return f"{one.name} {done.refusal}"

    def release(self, rng: Random) -> str:
        """Let a held file go before its predecessors."""
        held = self.model.in_state("held")
        if not held:
            return "nothing is held"
        one = rng.choice(held)
        wish = [("hold-released", one.id)]
        done = self._act(lambda context: _none(release_by_hand(context, [one.id], _WHY)), wish)
        return f"{one.name} {done.refusal}"

    def waive(self, rng: Random) -> str:
        """Give up numbers that are missing."""
        waiting = {name: stream for name, stream in self.model.streams.items() if stream.missing()}
        if not waiting:
            return "nothing is missing"
        name = rng.choice(sorted(waiting))
        missing = waiting[name].missing()
        first = rng.choice(missing)
        last = first + rng.choice((0, 0, 1)) if isinstance(waiting[name], Counter) else first
        wish = [("sequence-waived", name)]
        done = self._act(lambda context: _none(waive(context, name, str(first), str(last), _WHY)), wish)
        return f"{name} {first} to {last} {done.refusal}"

    def retry(self, _rng: Random) -> str:
        """Have everything that waits tried at once."""
        done = self._act(lambda context: _none(retry_now(context, Choice(), _WHY)), [])
        return done.refusal or "all"

    def forbidden(self, rng: Random) -> str:
        """Ask for all that must be refused; raises Violation where it is done."""
        wrong: list[tuple[str, list[Sent], Any]] = [
            ("reprocess", self.model.in_state("processed"), _reprocess),
            ("replay", self.model.in_state("failed", "duplicate", "held"), _replay),
            ("release", self.model.in_state("processed", "failed"), _release),
            ("reprocess", [one for one in self.model.transfers.values() if one.child], _reprocess),
        ]
        chosen = [(what, rng.choice(free[-_RECENT:]), deed) for what, free, deed in wrong if free]

        def work(context: Context) -> list[str]:
            return [_refusal(deed, context, one.id) for _, one, deed in chosen]

        said = self._act(work, []).said or ()
        for (what, one, _), refusal in zip(chosen, said, strict=False):
            if not refusal:
                raise Violation(f"{what} of {one.name} ({one.id}), which is {one.state}, was not refused")
        return ", ".join(f"{what} of {one.name} ({one.state})" for what, one, _ in chosen)

    def put_into_replay(self, rng: Random) -> str:
        """Move a failed or processed file into replay/ with a request beside it."""
        free = [one for one in self.model.in_state("failed", "processed") if one.child is None][-_RECENT:]
        free = [one for one in free if one.known.data]
        if not free:
            return "nothing failed"
        one = rng.choice(free)
        path = self._settled(one)
        if path is None or not path.is_file():
            return f"{one.name} is not at rest"
        twins = [each for each in self.model.transfers.values() if each.content and each.route == one.route]
        if sum(each.known.sha256 == one.known.sha256 for each in twins) > 1:
            return f"{one.name} has a twin"
        target = self.directory / "replay" / one.route / path.name
        if target.exists():
            return f"{one.name} lies there already"
        request = target.with_name(f"{target.name}.request.json")
        request.write_text(json.dumps({"actor": "A. Mayer", "reason": _WHY}), encoding="utf-8")
        path.rename(target)
        action = "replay-requested" if one.state == "processed" else "reprocess-requested"
        self.model.asked[action, one.id] += 1
        return f"{one.name} ({one.state})"

    def _settled(self, one: Sent) -> Path | None:
        """Return where the ledger says that the file rests."""

        def work(context: Context) -> str | None:
            with context.ledger.read() as connection:
                return transfers.find(connection, one.id).settled_path

        said = by_hand(self.directory, self.clock, work).said
        return None if said is None else self.directory / str(said)


def _reprocess(context: Context, transfer: str) -> None:
    reprocess(context, select(context, Selection((transfer,))), _WHY, ())


def _replay(context: Context, transfer: str) -> None:
    replay(context, [transfer], _WHY)


def _release(context: Context, transfer: str) -> None:
    release_by_hand(context, [transfer], _WHY)


def _refusal(deed: Any, context: Context, transfer: str) -> str:
    """Return the code with which it was refused; empty if it was done."""
    try:
        deed(context, transfer)
    except GatewayError as error:
        return error.code
    return ""


def _none(_value: object) -> None:
    """Forget what an action returns: it need not come through a pipe."""
