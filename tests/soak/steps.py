"""The steps of the soak: what senders, people, clocks, disks and the gateway's own processes do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from random import Random

from tests.soak import layouts, mishaps
from tests.soak.driver import HOUR, Soak
from tests.soak.model import Violation
from tests.soak.process import command
from tests.soak.recovery import demand_recovery
from tests.soak.traps import a_cut, a_kill, an_error

#: Statuses of `gateway run --once` that a site without injected faults may leave with.
_PLAIN_STATUSES = range(60)


class SteppedSoak(Soak):
    """A soak whose gateway is one process here, which goes from pass to pass and is killed at will."""

    def _steps(self) -> dict[str, float]:
        return _STEPS

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

    def _do_between(self, rng: Random) -> str:
        """Let a process die between two steps of one promise: taken and told, staged and published."""
        is_claim = self.server is not None and rng.random() < 0.5
        route = "remote" if is_claim else rng.choice([one for one in self.routes if one != "boms"])
        for _ in range(rng.choice((1, 3))):
            content = self.senders.fresh(rng, route)
            if not self.senders.is_there(content):
                self.senders.send_whole(content)
                self.counts["files"] += 1
        trap = a_cut(
            rng, self.directory / "working" / route if is_claim else self.directory / "outbox" / route
        )
        done = self.gateway.ask("pass", self.clock, trap, route)
        self._demand_no_crash(done)
        self.counts["kills"] += done.was_killed
        return f"{route}: {trap}: {'killed' if done.was_killed else 'survived'}"

    def _do_overdue(self, rng: Random) -> str:
        """Let a file fail because its predecessor does not come, and its sender send it once more."""
        self.senders.keep_back(rng, "adjustments")
        content = self.senders.fresh(rng, "adjustments")
        self.senders.send_whole(content)
        self.counts["files"] += 2
        for hours in (0.0, 30.0, 0.0):
            self.clock.pass_time(hours * HOUR)
            self._asked("pass", None, "adjustments")
        if self.senders.is_there(content):
            return f"{content.name} was not taken"
        self.senders.send_whole(content)
        self._asked("pass", None, "adjustments")
        return f"{content.name} was sent again"

    def _do_release_format(self, rng: Random) -> str:
        """Release a new layout of confirmations; while the lock is an older one, nothing is judged."""

        def meanwhile() -> str:
            self.look()
            before = self.model.judged
            said = self._do_pass(rng)
            self.look()
            if self.model.judged != before:
                raise Violation("files were judged while the lock lacked what the site has worked with")
            return said

        self.counts["format releases"] += 1
        return layouts.release(rng, self.directory, self.model, self.clock, meanwhile)

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
        seconds = rng.choice((1.0, 30.0, 400.0, HOUR, 5 * HOUR))
        self.clock.pass_time(seconds)
        return f"{seconds:.0f} s go by"

    def _do_jump(self, rng: Random) -> str:
        hours = rng.choice((-26.0, -3.0, -1.0, -0.01, 0.01, 1.0, 3.0, 30.0))
        self.clock.jump(hours * HOUR)
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
    "between": 3,
    "overdue": 0.7,
    "release_format": 2,
    "midnight": 1,
    "time": 5,
    "jump": 2,
    "reboot": 1,
    "partner": 1,
    "operator": 12,
}
