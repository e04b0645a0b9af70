"""Processes of the gateway: forked from this one, which has imported everything, and killed at will.

A fork takes some milliseconds where a start takes a second, so thousands of kills fit into an hour. The
process that forks must never run a pass itself: polars' threads do not come along into a child.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError, InternalError
from gateway.formats.catalogue import Catalogue
from gateway.lanes.once import tell
from gateway.operations import opening
from gateway.operations.ledger_care import at_rest
from gateway.operations.opening import open_site, working_on
from gateway.operations.reloading import reloaded
from gateway.pipeline import run_routes
from gateway.stages.context import Context
from gateway.stages.in_force import note_configuration
from gateway.validation import reading, report
from tests.faults.shim import Control
from tests.soak.clock import JumpingClock
from tests.soak.traps import Trap

#: Imported here, so that forked processes find everything loaded.
LOADED = (reading, report)

#: A pass of a process that takes longer than this hangs.
_PATIENCE = 180.0


#: Resident KiB, open files and threads of a process.
Size = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command to a process."""

    was_killed: bool = False
    said: Any = None
    refusal: str = ""  #: code of the GatewayError that it raised
    crash: str = ""  #: traceback of anything else
    hits: int = 0  #: calls that were made to fail
    problems: tuple[str, ...] = ()
    size: Size = (0, 0, 0)  #: after it


@dataclass
class Gateway:
    """A gateway process that works on a site, pass by pass, until it is stopped or killed."""

    directory: Path
    control: Control | None  #: of faults; None where no process is started here
    passes: int = 0
    _pipe: Connection | None = None
    _process: multiprocessing.process.BaseProcess | None = None

    @property
    def number(self) -> int:
        """The id of the process."""
        return 0 if self._process is None else self._process.pid or 0

    @property
    def is_up(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.is_alive()

    def start(self, clock: JumpingClock, trap: Trap | None = None) -> Done:
        """Start the process; with a ``trap`` it may not survive the start."""
        ours, theirs = multiprocessing.Pipe()
        self._pipe, self.passes = ours, 0
        self._process = _FORK.Process(
            target=_serve, args=(self.directory, theirs, clock, trap, self.control), daemon=True
        )
        self._process.start()
        theirs.close()
        return self._answer()

    def ask(self, what: str, clock: JumpingClock, trap: Trap | None = None, *arguments: Any) -> Done:
        """Let the process do something; it is started first where it is not up."""
        if not self.is_up:
            started = self.start(clock)
            if started.refusal or started.crash or started.was_killed:
                return started
        assert self._pipe is not None
        self._pipe.send((what, clock, trap, arguments))
        self.passes += what == "pass"
        return self._answer()

    def _answer(self) -> Done:
        assert self._pipe is not None
        assert self._process is not None
        try:
            if not self._pipe.poll(_PATIENCE):
                self.kill()
                return Done(crash=f"the process did not answer within {_PATIENCE:.0f} s")
            done: Done = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            return Done(was_killed=True)
        if done.refusal or done.crash:
            self.stop()
        return done

    def kill(self) -> None:
        """End the process at once, wherever it is."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def stop(self) -> None:
        """Let the process end by itself."""
        if self._process is None or self._pipe is None:
            return
        with contextlib.suppress(OSError):
            self._pipe.send(None)
        self._process.join(_PATIENCE)
        self.kill()
        self._pipe.close()


_FORK = multiprocessing.get_context("fork")


def _serve(
    directory: Path, pipe: Connection, clock: JumpingClock, trap: Trap | None, control: Control
) -> None:
    """Be the gateway process: work on the site and do what is asked, until nobody asks any more."""
    _quiet()
    _lay(trap, control)
    try:
        _prepare(clock)
        with working_on(directory) as opened:
            context = opened
            control.disarm()
            pipe.send(Done(said="ready"))
            while (asked := pipe.recv()) is not None:
                context = _obey(pipe, context, control, asked)
    except (EOFError, BrokenPipeError):
        os._exit(0)
    except GatewayError as error:
        control.disarm()
        pipe.send(Done(refusal=error.code, problems=(str(error),), hits=_hits(control)))
    except BaseException:  # noqa: BLE001 - told to the parent as it is
        control.disarm()
        pipe.send(Done(crash=traceback.format_exc(), hits=_hits(control)))
    os._exit(0)


def _lay(trap: Trap | None, control: Control) -> None:
    if trap is None:
        control.disarm()
    else:
        trap.lay(control)


def _hits(control: Control) -> int:
    fired = control.fired()
    return 0 if fired is None else fired.times


def _obey(pipe: Connection, context: Context, control: Control, asked: tuple[Any, ...]) -> Context:
    """Do one thing that is asked for, and tell what came of it; returns the context to go on with."""
    what, clock, trap, arguments = asked
    _equip(context, clock)
    _lay(trap, control)
    try:
        if what == "reload":
            context = _reload(context)
            done = Done(said="reloaded")
        else:
            done = _pass(context, *arguments)
    except GatewayError as error:
        done = Done(said=error.code, problems=(str(error),))
    finally:
        control.disarm()
    hits = 0 if trap is None else _hits(control)
    pipe.send(Done(said=done.said, crash=done.crash, problems=done.problems, hits=hits, size=_size()))
    return context


def _reload(context: Context) -> Context:
    fresh = reloaded(context)
    note_configuration(fresh)
    fresh.clock = context.clock
    return fresh


def _pass(context: Context, only: str | None = None) -> Done:
    """Run one pass; what the gateway itself calls its own fault is a crash."""
    reports = run_routes(context, only)
    reports += tell(context, reports)
    problems = [one.error for each in reports for one in each.problems]
    faults = [f"{one} <- {one.__cause__!r}" for one in problems if isinstance(one, InternalError)]
    return Done(
        said=sum(each.taken for each in reports),
        problems=tuple(str(one) for one in problems),
        crash="\n".join(faults),
    )


def _prepare(clock: JumpingClock) -> None:
    """Let what opens the site find the soak's clock and the formats that are read already."""
    for module in (opening, at_rest):
        vars(module).update(SystemClock=lambda: clock, Catalogue=_Shared)


class _Shared:
    """Stands for the catalogue: reading it anew would take most of a pass."""

    @staticmethod
    def load(_directory: Path) -> Any:
        """Return the formats of the site."""
        return _CATALOGUES[-1]


def _equip(context: Context, clock: JumpingClock) -> None:
    context.clock = clock


def _quiet() -> None:
    """Keep what the process prints from the summary."""
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
    sys.stdin.close()


def _size() -> Size:
    """Return resident KiB, open files and threads of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    numbers = dict(line.split(":", 1) for line in status.splitlines())
    return int(numbers["VmRSS"].split()[0]), len(os.listdir("/proc/self/fd")), int(numbers["Threads"])


def by_hand(directory: Path, clock: JumpingClock, work: Callable[[Context], Any]) -> Done:
    """Let an operator do something in a process of his own, as a command does."""

    def act(pipe: Connection) -> None:
        _quiet()
        try:
            _prepare(clock)
            with open_site(directory, actor="operator") as context:
                done = Done(said=work(context))
        except GatewayError as error:
            done = Done(refusal=error.code, problems=(str(error),))
        except BaseException:  # noqa: BLE001 - told to the parent as it is
            done = Done(crash=traceback.format_exc())
        pipe.send(done)
        os._exit(0)

    return _in_child(act)


def _in_child(act: Callable[[Connection], None]) -> Done:
    ours, theirs = multiprocessing.Pipe()
    process = _FORK.Process(target=act, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        done: Done = ours.recv() if ours.poll(_PATIENCE) else Done(crash="a command hangs")
    except EOFError:
        done = Done(crash="a command ended without a word")
    process.kill()
    process.join()
    ours.close()
    return done


def command(
    directory: Path, clock: JumpingClock, words: list[str], *, seconds: float = 0.0, number: int = 0
) -> tuple[int, str]:
    """Run a real command of the command line in a process of its own; return its status and its output.

    With ``seconds`` the process gets the signal ``number`` after that time.
    """
    place = Path(os.fspath(directory) + ".said")

    def act(pipe: Connection) -> None:
        from gateway.cli.main import gateway

        pipe.close()
        file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        _prepare(clock)
        try:
            gateway(["--site", str(directory), *words])
        except SystemExit as left:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(left.code if isinstance(left.code, int) else 0)

    ours, theirs = multiprocessing.Pipe()
    process = _FORK.Process(target=act, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    if seconds:
        process.join(seconds)
        if process.is_alive() and process.pid is not None:
            os.kill(process.pid, number)
    process.join(_PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
        return 124, f"{words} hangs"
    ours.close()
    return process.exitcode or 0, place.read_text(encoding="utf-8", errors="replace")


#: The formats of the site that is soaked, as they were read last; forked processes take them along.
_CATALOGUES: list[Catalogue] = []


def read_formats(directory: Path) -> None:
    """Read the formats of a site once, so that forked processes need not; again where they were changed."""
    if not _CATALOGUES or _CATALOGUES[-1].directory != directory:
        _CATALOGUES.append(Catalogue.load(directory))
    _CATALOGUES[-1].look_again()
    for message_type in ("confirmation", "inventory-adjustment", "order", "bom"):
        _CATALOGUES[-1].usable(message_type)
