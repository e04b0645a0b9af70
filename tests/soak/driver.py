"""One soak: a site, a model, and steps that only the seed and their number decide.

An own driver and not hypothesis' RuleBasedStateMachine: a step here may be a process that is killed, an
hour of steps is one run on one growing site, and a run must be repeatable from its seed to any step and
without some of its steps. So each step has random numbers of its own, from the seed and its number: to
leave out others (``--skip``) does not change it, which is how a long trace is made short.
"""

from __future__ import annotations

import os
import signal
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gateway.printable import printable
from tests.faults.shim import Control
from tests.sftp.openssh import OpenSsh
from tests.soak import checks, mishaps, site
from tests.soak.clock import JumpingClock
from tests.soak.model import RESTING, Event, Model, Violation
from tests.soak.operators import Operators
from tests.soak.process import Done, Gateway, by_hand, command
from tests.soak.receivers import Receivers
from tests.soak.recovery import demand_recovery
from tests.soak.senders import Senders
from tests.soak.site import ROUTES, Partner
from tests.soak.traps import Trap, a_kill, an_error

_HOUR = 3600.0
#: Passes after which nothing may be on its way any more, with two hours between them.
_PASSES_TO_REST = 14
#: Statuses of `gateway run --once` that a site without injected faults may leave with.
_PLAIN_STATUSES = range(60)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a soak is to do; two runs of the same plan do the same."""

    seed: int
    directory: Path
    rest_every: int = 60  #: steps between two looks at everything


@dataclass
class Soak:
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
        self.gateway = Gateway(directory, self.control)
        self._set_clock()

    def _build(self, directory: Path) -> None:
        site.build(directory, self.partner)

    def _set_clock(self) -> None:
        """Begin near a change of clocks, by the plant's calendar."""
        self.clock.pass_time(self._chance("start").choice((0.0, 124.9, 342.0)) * 24 * _HOUR)

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

    def _steps(self) -> dict[str, float]:
        return _STEPS

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
        found = self.receivers.look() if rng is None or rng.random() < 0.4 else {}
        self.model.follow(self._trail())
        self.counts["received"] += self.receivers.take(self.model, found)
        self.counts["checks"] += 1

    # ---- steps: senders

    def _do_send(self, rng: Random) -> str:
        said = []
        for _ in range(rng.choice((1, 1, 2, 5))):
            route = rng.choice(self.routes)
            fault = rng.choices(("", "value", "layout"), (85, 10, 5))[0]
            said.append(self.senders.send(rng, self.senders.fresh(rng, route, fault=fault)))
            self.counts["files"] += 1
        return ", ".join(said)

    def _do_finish(self, rng: Random) -> str:
        return self.senders.finish(rng)

    def _do_again(self, rng: Random) -> str:
        self.counts["repetitions"] += 1
        return self.senders.again(rng, rng.choice(self.routes))

    def _do_keep_back(self, rng: Random) -> str:
        return self.senders.keep_back(rng, rng.choice(self.routes))

    def _do_send_kept(self, rng: Random) -> str:
        self.counts["files"] += 1
        return self.senders.send_kept(rng, rng.choice(self.routes))

    def _do_odd(self, rng: Random) -> str:
        self.counts["files"] += 1
        return self.senders.odd(rng)

    def _do_take_back(self, rng: Random) -> str:
        return self.senders.take_back(rng)

    # ---- steps: the gateway

    def _do_pass(self, rng: Random) -> str:
        only = rng.choice((None, None, rng.choice(self.routes)))
        done = self._asked("pass", None, only)
        return f"{only or 'all'}: {done.said} taken, {len(done.problems)} problems {done.refusal}"

    def _do_kill(self, rng: Random) -> str:
        """Let a pass be killed at one of its calls, and often its recovery too."""
        said = []
        for _ in range(rng.choice((1, 1, 2, 3))):
            trap = a_kill(rng, self.directory)
            if not self.gateway.is_up and rng.random() < 0.2:
                done = self.gateway.start(self.clock, trap)
            else:
                done = self.gateway.ask("pass", self.clock, trap)
            self._demand_no_crash(done)
            self.counts["kills"] += done.was_killed
            said.append(f"{trap}: {'killed' if done.was_killed else 'survived'}")
        return ", ".join(said)

    def _do_fault(self, rng: Random) -> str:
        """Let calls fail for a while, on the whole site or at one place."""
        trap = an_error(rng, self.directory)
        done = self._asked("pass", trap, None)
        self.counts["faults"] += done.hits > 0
        self.counts["calls that failed"] += done.hits
        return f"{trap}: {done.hits} failed; {done.problems[:2]} {done.refusal}"

    def _do_full(self, rng: Random) -> str:
        """Let the disk be full for a while: some passes, with time between them."""
        trap, said = mishaps.a_full_disk(rng, self.directory), []
        self.counts["full disks"] += 1
        for _ in range(rng.choice((2, 3, 5))):
            done = self._asked("pass", trap, None)
            self.counts["calls that failed"] += done.hits
            said.append(str(done.hits))
            self.clock.pass_time(rng.choice((1.0, 60.0)))
        return f"{trap}: {', '.join(said)} failed"

    def _do_restart(self, _rng: Random) -> str:
        self.gateway.stop()
        self.counts["restarts"] += 1
        return ""

    def _do_reload(self, _rng: Random) -> str:
        """Have a changed configuration taken up: a limit that decides nothing."""
        path = self.directory / "config" / "gateway.yaml"
        text = path.read_text(encoding="utf-8")
        head, _, rest = text.partition("  name: Test plant")
        path.write_text(f"{head}  name: Test plant {self.step}{rest.lstrip(' 0123456789')}", encoding="utf-8")
        self.counts["reloads"] += 1
        done = self._asked("reload", None)
        if done.said != "reloaded":
            raise Violation(f"a good configuration was refused: {done.refusal} {done.problems}")
        return ""

    def _do_once(self, _rng: Random) -> str:
        """Run the real command once, in a process of its own."""
        self.gateway.stop()
        self.counts["commands"] += 1
        status, said = command(self.directory, self.clock, ["run", "--once"])
        if status not in _PLAIN_STATUSES or "Traceback" in said:
            raise Violation(f"`gateway run --once` left with {status}: {said}")
        return f"left with {status}"

    def _do_service(self, rng: Random) -> str:
        """Run the service for a moment, and end it gently or at once."""
        self.gateway.stop()
        number = rng.choice((signal.SIGTERM, signal.SIGKILL))
        self.counts["services"] += 1
        self.counts["kills"] += number is signal.SIGKILL
        status, said = command(
            self.directory, self.clock, ["run"], seconds=rng.choice((0.3, 1.0, 2.0)), number=number
        )
        if status not in (0, -signal.SIGKILL, -signal.SIGTERM) or "Traceback" in said:
            raise Violation(f"`gateway run` left with {status}: {said}")
        return f"{number.name}: left with {status}"

    def _do_backup(self, _rng: Random) -> str:
        """Back the ledger up while the gateway may work on it, and check the ledger; the newest is kept."""
        self.counts["backups"] += 1
        for path in self.plan.directory.glob("backup-*"):
            path.unlink()
        self.backup = self.plan.directory / f"backup-{self.step}.db"
        for words in (["ledger", "backup", str(self.backup)], ["ledger", "check"]):
            status, said = command(self.directory, self.clock, words)
            if status:
                raise Violation(f"`gateway {words[0]} {words[1]}` left with {status}: {said}")
        return ""

    def _do_recover(self, rng: Random) -> str:
        """Recover a copy of the site from the last backup, however old, or from the archive alone."""
        self.rest()
        self.gateway.stop()
        backup = self.backup if rng.random() < 0.7 else None
        self.counts["recoveries" if backup is None else "restores"] += 1
        scratch = self.plan.directory / "recovered"
        return demand_recovery(rng, self.directory, self.model, self.clock, backup, scratch)

    # ---- steps: clocks, partners, people

    def _do_midnight(self, rng: Random) -> str:
        """Work over the site's midnight."""
        self.clock.jump(mishaps.to_midnight(rng, self.clock))
        self.counts["midnights"] += 1
        said = self._do_pass(rng)
        self.clock.pass_time(2.0)
        return said

    def _do_hands(self, rng: Random) -> str:
        """Let somebody take a file out of work or the archive, and put it back after a while."""
        lying = mishaps.lying_file(rng, self.directory, self.model)
        if lying is None:
            return "nothing lies there"
        one, path = lying
        self.counts["hands"] += 1
        with mishaps.taken_out(path, self.plan.directory / "taken-out"):
            mishaps.demand_missed(self.directory, self.clock, path)
            said = self._do_pass(rng)
        return f"{os.path.relpath(path, self.directory)} of {one.name} ({one.state}): {said}"

    def _do_time(self, rng: Random) -> str:
        seconds = rng.choice((1.0, 30.0, 400.0, _HOUR, 5 * _HOUR))
        self.clock.pass_time(seconds)
        return f"{seconds:.0f} s go by"

    def _do_jump(self, rng: Random) -> str:
        hours = rng.choice((-26.0, -3.0, -1.0, -0.01, 0.01, 1.0, 3.0, 30.0))
        self.clock.jump(hours * _HOUR)
        self.counts["clock jumps"] += 1
        return f"{hours} h"

    def _do_reboot(self, _rng: Random) -> str:
        self.gateway.kill()
        self.clock.reboot()
        self.counts["reboots"] += 1
        return ""

    def _do_partner(self, rng: Random) -> str:
        """Let the partner's server be away, stand still, or lose its sessions."""
        if self.server is None:
            return "there is no partner"
        self.counts["server outages"] += 1
        chance = rng.random()
        if chance < 0.2:
            with mishaps.standing_still(self.server):
                return f"stands still: {self._do_pass(rng)}"
        if chance < 0.6:
            self.server.kill_sessions()
            return "lost its sessions"
        self.server.stop()
        try:
            return f"away: {self._do_pass(rng)}"
        finally:
            self.server.start()

    def _do_operator(self, rng: Random) -> str:
        self.counts["operator actions"] += 1
        deed = rng.choice(self._deeds())
        return f"{deed.__name__} {deed(rng)}"

    def _deeds(self) -> tuple[Callable[[Random], str], ...]:
        own = self.operators
        first = (own.reprocess, own.replay, own.correct, own.release, own.waive, own.retry)
        return (*first, own.put_into_replay, own.forbidden)

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
            self.clock.pass_time(2 * _HOUR)
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


#: Steps and how often they come, in proportion.
_STEPS: dict[str, float] = {
    "send": 30,
    "finish": 8,
    "again": 8,
    "keep_back": 3,
    "send_kept": 3,
    "odd": 2,
    "take_back": 1,
    "pass": 22,
    "kill": 10,
    "fault": 6,
    "restart": 1,
    "reload": 1,
    "once": 0.5,
    "service": 0.3,
    "backup": 0.5,
    "recover": 0.4,
    "full": 1,
    "hands": 1,
    "midnight": 1,
    "time": 5,
    "jump": 2,
    "reboot": 1,
    "partner": 1,
    "operator": 12,
}
