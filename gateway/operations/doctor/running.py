"""Looking at many things at once, each within its time: what hangs keeps nobody from looking at the rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gateway.errors import GatewayError
from gateway.operations.doctor.checks import Check, Subject

#: Who breaks the doctor off waits so long for what is under way: it removes what it has made.
_LAST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Probe:
    """Something to be looked at, and how long that may take."""

    subject: Subject
    seconds: float
    work: Callable[[], Iterable[Check]]
    left: str = ""  #: what it may leave behind where it does not come to its end


@dataclass(slots=True)
class _Course:
    """How one probe goes."""

    probe: Probe
    checks: list[Check] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def go(self) -> None:
        """Look, and keep each check as soon as it is made."""
        subject = self.probe.subject
        try:
            for check in self.probe.work():
                self.checks.append(check)
        except GatewayError as error:
            self.checks.append(
                subject.refused(error, "The rest of it was not looked at", "Mend this, then ask again")
            )
        except OSError as error:
            place = f" ({error.filename})" if error.filename else ""
            self.checks.append(
                subject.failure(
                    f"{error.strerror or type(error).__name__}{place}",
                    "The rest of it was not looked at",
                    "Look at the file system and the permissions of the gateway's account there",
                )
            )
        except Exception as error:  # noqa: BLE001 - one look that goes wrong must not hide all the others
            # without its text, which nobody has cleared of secrets
            self.checks.append(
                subject.failure(
                    f"{type(error).__name__} in the gateway itself",
                    "The rest of it was not looked at",
                    "Report it with the version of the gateway; look at this by hand meanwhile",
                )
            )
        finally:
            self.done.set()

    def result(self) -> list[Check]:
        """Return what was found, and that the rest was not, if it did not come to its end in time."""
        is_late, found = not self.done.is_set(), list(self.checks)
        if is_late:
            left = f". {self.probe.left}" if self.probe.left else ""
            late = self.probe.subject.failure(
                f"gave no answer within {self.probe.seconds:g} s",
                f"What hangs here stops whatever needs it, and the rest of it was not looked at{left}",
                "Look for a network share or server that does not answer (`mount`, `df`, `dmesg`)",
            )
            found.append(late)
        return found


def run(probes: Sequence[Probe]) -> list[Check]:
    """Return what all probes find, in their order; none is waited for beyond its time."""
    courses = [_Course(probe) for probe in probes]
    start = time.monotonic()
    for course in courses:
        # a daemon: one that hangs must not keep the command from ending
        threading.Thread(target=course.go, name=f"doctor {course.probe.subject.what}", daemon=True).start()
    try:
        for course in courses:
            course.done.wait(max(0.0, start + course.probe.seconds - time.monotonic()))
    except BaseException:
        end = time.monotonic() + _LAST_SECONDS
        for course in courses:
            course.done.wait(max(0.0, end - time.monotonic()))
        raise
    return [check for course in courses for check in course.result()]
