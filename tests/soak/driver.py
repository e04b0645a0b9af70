"""One soak: a site, a model, and steps that only the seed and their number decide.

An own driver and not hypothesis' RuleBasedStateMachine: a step here may be a process that is killed, an
hour of steps is one run on one growing site, and a run must be repeatable from its seed to any step and
without some of its steps. So each step has random numbers of its own, from the seed and its number: to
leave out others (``--skip``) does not change it, which is how a long trace is made short.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gateway.printable import printable
from gateway.watching.watch import PROBE_PREFIX
from tests.faults.shim import Control
from tests.sftp.openssh import OpenSsh
from tests.soak import checks, site
from tests.soak.clock import JumpingClock
from tests.soak.model import RESTING, Event, Model, Violation
from tests.soak.operators import Operators
from tests.soak.process import Done, Gateway, by_hand, read_formats
from tests.soak.receivers import Receivers
from tests.soak.senders import Senders
from tests.soak.site import ROUTES, Partner
from tests.soak.traps import Trap

HOUR = 3600.0
#: Passes after which nothing may be on its way any more, with two hours between them.
_PASSES_TO_REST = 14


@dataclass(frozen=True, slots=True)
class Plan:
    """What a soak is to do; two runs of the same plan do the same."""

    seed: int
    directory: Path
    rest_every: int = 60  #: steps between two looks at everything


@dataclass
class Soak(ABC):
    """One site under the soak."""

    plan: Plan
    control: Control | None
    server: OpenSsh | None = None
    clock: JumpingClock = field(default_factory=JumpingClock)
    model: Model = field(default_factory=Model)
    counts: Tally[str] = field(default_factory=Tally)
    trace: list[str] = field(default_factory=list)
    step: int = 0
    backup: Path | None = None  #: the newest
    sizes: checks.Sizes = field(default_factory=checks.Sizes)

    def __post_init__(self) -> None:
        """Make the site and everybody around it."""
        directory = self.plan.directory / "site"
        partner = None
        if self.server is not None:
            root = self.server.root / f"soak-{self.plan.seed}-{self.plan.directory.name}"
            partner = Partner(root, self.server.yaml("partner", reply_timeout="5s", connect_timeout="5s"))
        self.directory = directory
        self.partner = partner
        self._build(directory)
        read_formats(directory / "formats")
        self.routes = [one.name for one in ROUTES.values() if partner is not None or not one.is_remote]
        remote = None if partner is None else partner.out
        self.senders = Senders(directory / "inbox", self.model, remote)
        self.receivers = Receivers(
            {
                (route, one): partner.into
                if ROUTES[route].is_remote and partner
                else directory / "outbox" / route / one
                for route in self.routes
                for one in ROUTES[route].destinations
            }
        )
        self.operators = Operators(directory, self.model, self.clock, self.senders)
        self.custody = checks.Custody(directory)
        self.partners_copies = None if partner is None else checks.Acknowledged(partner, directory)
        self.gateway = Gateway(directory, self.control)
        self._set_clock()

    def _build(self, directory: Path) -> None:
        site.build(directory, self.partner)

    def _set_clock(self) -> None:
        """Begin near a change of clocks, by the plant's calendar."""
        self.clock.pass_time(self._chance("start").choice((0.0, 124.9, 342.0)) * 24 * HOUR)

    # ---- the loop

    def run(self, until: Callable[[int], bool], skip: frozenset[int] = frozenset()) -> None:
        """Take steps while ``until`` says so, then come to rest; raises Violation."""
        try:
            while until(self.step + 1):
                self.step += 1
                if self.step not in skip:
                    self._take_step(self._chance(self.step))
            self.rest()
        finally:
            self._end()

    def _end(self) -> None:
        self.gateway.kill()

    @abstractmethod
    def _steps(self) -> dict[str, float]:
        """Return the steps and how often they come, in proportion: `name` is the method ``_do_name``."""

    def _trail(self) -> Iterator[Event]:
        return checks.trail(self.directory, self.model.seen)

    def _chance(self, about: int | str) -> Random:
        """Return the random numbers of one step: no other step has a part in them."""
        return Random(f"{self.plan.seed}/{about}")  # noqa: S311 - they shall be the same every time

    def _take_step(self, rng: Random) -> None:
        names, weights = zip(*self._steps().items(), strict=True)
        (name,) = rng.choices(names, weights)
        self._note(f"{self.step} {name}")
        self._note(f"   {getattr(self, f'_do_{name}')(rng)}")
        self.counts["steps"] += 1
        self.look(rng)
        if self.step % self.plan.rest_every == 0:
            self.rest()

    def _note(self, line: str) -> None:
        """Keep a line of the trace, on the disk too: where a step hangs, it shows there."""
        self.trace.append(line)
        with (self.plan.directory / "trace.txt").open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def look(self, rng: Random | None = None) -> None:
        """Follow the trail and let the receivers take what is there, if they come now."""
        keys = self.receivers.keys()
        found = self.receivers.look() if rng is None or rng.random() < 0.4 else {}
        self.model.follow(self._trail())
        self.receivers.demand_keys(self.model, keys)
        if self.partners_copies is not None:
            self.partners_copies.demand(self.model, self.senders.sent.get("remote", ()))
        self.counts["received"] += self.receivers.take(self.model, found)
        self.counts["checks"] += 1

    # ---- the gateway

    def _asked(self, what: str, trap: Trap | None, *arguments: object) -> Done:
        """Let the gateway process do something that it must survive."""
        done = self.gateway.ask(what, self.clock, trap, *arguments)
        self._demand_no_crash(done)
        if done.was_killed:
            raise Violation(f"the gateway process ended by itself during {what}")
        self.counts["passes"] += what == "pass"
        if done.size[0]:
            self.sizes.demand(self.gateway.number, self.gateway.passes, done.size)
        return done

    def _demand_no_crash(self, done: Done) -> None:
        if done.crash:
            raise Violation(f"the gateway met an error that is none of its own: {done.crash}")

    # ---- everything at rest

    def rest(self) -> None:
        """Lift all faults, let passes run until nothing moves, and demand everything."""
        self._note(f"{self.step} rest")
        while self.senders.pending:
            self.senders.pending.pop().finish()
        self.clock.catch_up()
        told: tuple[str, ...] = ()
        for _ in range(_PASSES_TO_REST):
            told = self._asked("pass", None, None).problems
            self.look()
            if self._is_at_rest():
                break
            self.clock.pass_time(2 * HOUR)
        self._demand_rest(told)
        self.counts["rests"] += 1

    def _is_at_rest(self) -> bool:
        return not self._moving() and not self.receivers.owed(self.model) and not self._not_taken()

    def _moving(self) -> list[str]:
        """Return what is neither at rest nor held."""
        return [
            f"{one.route}/{one.name} ({one.id}) {one.state}"
            for one in self.model.transfers.values()
            if one.state not in (*RESTING, "held")
        ]

    def _not_taken(self) -> list[str]:
        """Return what lies at a source and should have been taken."""
        places = [(route, self.senders.place_of(route)) for route in self.routes]
        return [
            f"{route}/{path.name}"
            for route, place in places
            for path in sorted(place.iterdir())
            if (route, path.name) not in self.senders.rubbish
            and not path.name.startswith(PROBE_PREFIX)  # a killed service's; the next one removes it
        ]

    def _demand_rest(self, told: tuple[str, ...]) -> None:
        """Raise Violation where something is not as it must be at rest."""
        for what, found in (
            ("still on their way", self._moving()),
            ("not delivered", self.receivers.owed(self.model)),
            ("not taken", self._not_taken()),
            ("held for nothing", self._held_for_nothing()),
            ("delivered and not told", self.model.untold()),
        ):
            if found:
                raise Violation(f"{what}: {found[:10]}; the last pass said {told[:5]}")
        self.counts["files found"] = self.custody.demand(self.model)
        checks.demand_proof(self.directory, self.clock)
        self._demand_all_told()

    def _held_for_nothing(self) -> list[str]:
        held = self.model.in_state("held")
        return [
            f"{one.route}/{one.name}"
            for one in held
            if self.model.streams[f"{one.route}/{one.known.sender}"].may_go(one.known.number or 0)
        ]

    def _demand_all_told(self) -> None:
        """Raise Violation where something waits at a source and `gateway status` does not say why."""
        done = by_hand(self.directory, self.clock, checks.waiting)
        if done.crash or done.refusal:
            raise Violation(f"nobody can be told what waits: {done.refusal} {done.crash}")
        unseen = {(route, printable(name)) for route, name in self.senders.rubbish}
        unseen -= {(route, printable(name)) for route, name in done.said}
        if unseen:
            raise Violation(f"files wait and nobody is told: {unseen}")
