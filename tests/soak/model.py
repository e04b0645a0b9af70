"""What must be true: the model follows the audit trail and judges each file itself.

The order in which files are taken is the gateway's to choose, so the model reads it from the audit trail;
what must become of each file it knows from what was sent. Whatever else the trail says is checked against
that: a state that may not follow, a file nobody sent, an action nobody asked for, a delivery too many.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.soak.contents import FIRST_LAYOUT, Content
from tests.soak.site import ROUTES, Count, RouteFacts
from tests.soak.streams import Chain, Counter, Stamps, Stream

#: What a correction may do; what somebody vouches for by putting it into replay/.
_CORRECTION = frozenset({"F801", "F804"})
_DUPLICATES = frozenset({"F701", "F702", "F703", "F704"})
#: Where a transfer rests.
RESTING = ("processed", "failed", "duplicate", "withdrawn")


class Violation(AssertionError):
    """Something that must be true is not."""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the audit trail about a transfer or a stream."""

    sequence: int
    action: str
    object_type: str
    object_id: str
    new: Mapping[str, Any]


@dataclass(slots=True)
class Sent:
    """A transfer as the model knows it."""

    id: str
    route: str
    name: str
    state: str = "arrived"
    attempt: int = 1
    allowed: frozenset[str] = frozenset()
    parent: str | None = None
    child: str | None = None
    is_contradicted: bool = False  #: its checksum file says something else
    content: Content | None = None  #: known once it was judged
    verdict: str = ""  #: state that it must settle in
    why: str = ""

    @property
    def known(self) -> Content:
        """What it is; only asked of transfers that were judged."""
        assert self.content is not None, f"{self.name} was never judged"
        return self.content


@dataclass
class Model:
    """Everything that was sent, asked for and promised."""

    facts: dict[tuple[str, str, str], Content] = field(default_factory=dict)  #: by route, name, digest
    instances: Tally[str] = field(
        default_factory=Tally
    )  #: how often bytes are in the gateway's or senders' hands
    transfers: dict[str, Sent] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    due: Tally[tuple[str, str, str, str]] = field(default_factory=Tally)  #: route, destination, name, digest
    told: set[tuple[str, str, int]] = field(default_factory=set)  #: deliveries the trail tells of
    promised: set[tuple[str, str, int]] = field(default_factory=set)  #: transfer, destination, attempt
    outputs: dict[str, str] = field(default_factory=dict)  #: digest of what a mapping made, by transfer
    asked: Tally[tuple[str, str]] = field(default_factory=Tally)  #: what operators asked for: action, object
    contradicted: set[tuple[str, str]] = field(default_factory=set)  #: sent with a wrong checksum file
    seen: int = 0  #: entries of the trail that were followed
    layouts: set[str] = field(default_factory=lambda: {FIRST_LAYOUT})  #: of confirmations, in force
    judged: int = 0  #: judgements that were followed; no format tells of a file without a byte
    newest: int = 1  #: minor number of the newest one that was ever released
    _accepted: dict[str, Sent] = field(default_factory=dict)
    _by_key: dict[tuple[str, str, str], list[Sent]] = field(default_factory=lambda: defaultdict(list))
    _by_bytes: dict[str, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    _records: dict[tuple[str, str], str] = field(default_factory=dict)

    def send(self, content: Content) -> None:
        """Note that a sender (or an operator with a correction) hands the file over."""
        self.facts[content.route, content.name, content.sha256] = content
        self.instances[content.sha256] += 1

    def take_back(self, content: Content) -> None:
        """Note that the sender took the file away before it was taken."""
        self.instances[content.sha256] -= 1

    def stream(self, content: Content) -> Stream | None:
        """Return the stream of a file; None where its route has no order."""
        facts = ROUTES[content.route]
        if facts.count is Count.NONE:
            return None
        name = f"{content.route}/{content.sender}"
        if name not in self.streams:
            self.streams[name] = _new_stream(facts)
        return self.streams[name]

    def follow(self, events: Iterable[Event]) -> None:
        """Go along the trail; raises Violation where it tells of something that may not be."""
        for event in events:
            if event.sequence != self.seen + 1:
                raise Violation(f"the audit trail goes from entry {self.seen} to {event.sequence}")
            self.seen = event.sequence
            step = _STEPS.get(event.action)
            if step is not None:
                step(self, event)
            if event.object_type == "transfer" and "state" in event.new:
                self._to_state(event)

    def in_state(self, *states: str) -> list[Sent]:
        """Return the transfers in any of ``states``, oldest first."""
        return [one for one in self.transfers.values() if one.state in states]

    def untold(self) -> list[str]:
        """Return deliveries that were due and of which the trail does not tell."""
        return [f"{self.transfers[one].name} to {place}" for one, place, _ in self.promised - self.told]

    def _to_state(self, event: Event) -> None:
        sent, state = self.transfers[event.object_id], event.new["state"]
        if state in ("processed", "failed", "duplicate") and event.action == state and state != sent.verdict:
            raise Violation(f"{sent.name} ({sent.id}) is {state}; it must be {sent.verdict}: {sent.why}")
        if state == "processed":
            self._demand_told(sent)
        sent.state = state

    def _demand_told(self, sent: Sent) -> None:
        """Raise Violation where a file is settled and one of its destinations has not confirmed it."""
        for one in ROUTES[sent.route].destinations:
            if (sent.id, one, sent.attempt) not in self.told:
                raise Violation(f"{sent.name} ({sent.id}) was settled before it was delivered to {one}")

    # ---- arrival

    def _arrived(self, event: Event) -> None:
        new = event.new
        source = str(new["source"])
        area = next((one for one in ("inbox", "replay", "out") if f"/{one}/" in source), "")
        route = "remote" if area == "out" else source.rpartition("/")[0].rpartition("/")[2]
        sent = Sent(event.object_id, route, str(new["name"]))
        sent.is_contradicted = any(one["kind"] == "contradicted" for one in new.get("evidence", ()))
        if sent.is_contradicted and (route, sent.name) not in self.contradicted:
            raise Violation(f"{route}/{sent.name} is said to contradict its checksum file, and does not")
        self.transfers[sent.id] = sent

    def _corrected(self, event: Event) -> None:
        parent, child = self.transfers[event.object_id], self.transfers[str(event.new["child"])]
        parent.child, child.parent, child.allowed = child.id, parent.id, _CORRECTION

    def _correction_withdrawn(self, event: Event) -> None:
        self.transfers[event.object_id].child = None

    # ---- what operators ask for

    def _asked_again(self, event: Event) -> None:
        sent = self.transfers[event.object_id]
        self._demand_asked(event)
        sent.attempt = int(event.new["attempt"])
        sent.allowed = frozenset(str(event.new["authorised"]).split("+")[1:])

    def _demand_asked(self, event: Event) -> None:
        wish = (event.action, event.object_id)
        self.asked[wish] -= 1
        if self.asked[wish] < 0:
            raise Violation(
                f"{event.action} of {event.object_id}: nobody asked for it (entry {event.sequence})"
            )

    def _replay_begun(self, event: Event) -> None:
        sent = self.transfers[event.object_id]
        sent.verdict = "processed"
        self._promise(sent)

    def _hold_released(self, event: Event) -> None:
        self._demand_asked(event)
        known = self.transfers[event.object_id].known
        self._stream_of(known).waive_before(known.number or 0)

    def _waived(self, event: Event) -> None:
        self._demand_asked(event)
        asked = event.new["asked"]
        stream = self.streams[event.object_id]
        for number in stream.missing():
            if int(asked["first"]) <= number <= int(asked["last"]):
                stream.waive(number)

    # ---- formats

    def _format_locked(self, event: Event) -> None:
        major, minor = _layout(event)
        self.layouts.add(f"{major}.{minor}")
        self.newest = max(self.newest, minor)

    def _format_retired(self, event: Event) -> None:
        major, minor = _layout(event)
        self.layouts.remove(f"{major}.{minor}")

    def _lock_accepted(self, _event: Event) -> None:
        """The lock as it was before the newest release is worked with."""
        self.layouts.discard(f"1.{self.newest}")

    # ---- judgement

    def _judged(self, event: Event) -> None:
        sent = self.transfers[event.object_id]
        digest = str(event.new["sha256"])
        content = self.facts.get((sent.route, sent.name, digest))
        if content is None:
            raise Violation(f"{sent.route}/{sent.name} ({sent.id}) has bytes that nobody sent: {digest}")
        sent.content = content
        self.judged += bool(content.data)
        if "mapped" in event.new:
            self.outputs[sent.id] = event.new["mapped"]["sha256"]
        verdict, why = self._verdict(sent)
        said = {"accepted": "go", "held": "hold"}.get(event.action) or event.action.removeprefix("judged-")
        if said != verdict:
            raise Violation(
                f"{sent.route}/{sent.name} ({sent.id}, entry {event.sequence}) was judged {said}; "
                f"the model says {verdict}: {why}"
            )
        sent.verdict, sent.why = {"go": "processed", "hold": "processed"}.get(verdict, verdict), why
        if verdict in ("go", "hold"):
            self._accept(sent)
        if verdict == "go":
            self._promise(sent)

    def _verdict(self, sent: Sent) -> tuple[str, str]:
        """Return what must become of the file, and why."""
        content, route = sent.known, ROUTES[sent.route]
        again, other = self._repetition(sent)
        is_noted = bool(again) and again in sent.allowed
        if again == "F701" and not is_noted:
            return "duplicate", f"resend of {other}"
        if again == "F703" and not is_noted:
            return route.copy, f"copy of {other}"
        if again and not is_noted:
            return "failed", f"conflict with {other}"
        if content.fault:
            return "failed", content.fault
        if content.layout not in (None, *self.layouts):
            return "failed", f"layout {content.layout} is not in force"
        if sent.is_contradicted and "F212" not in sent.allowed:
            return "failed", "its checksum file contradicts it"
        is_noted = is_noted and again != "F702"
        repeated = self._repeated_record(sent)
        if repeated and not is_noted and "F704" not in sent.allowed:
            return "failed", f"record {repeated} was in {self._records[sent.route, repeated]}"
        return self._in_order(sent, is_noted=is_noted)

    def _in_order(self, sent: Sent, *, is_noted: bool) -> tuple[str, str]:
        content = sent.known
        stream = self.stream(content)
        if stream is None or content.number is None:
            return "go", "no order"
        allowed = sent.allowed
        if is_noted or allowed & _DUPLICATES:
            allowed |= {"F807"}
        answer = stream.judge(content.number, content.previous, allowed)
        return (answer if answer in ("go", "hold") else "failed"), f"in order: {answer}"

    def _repetition(self, sent: Sent) -> tuple[str, str]:
        """Return the code of what the file repeats of those accepted before, and the name of that."""
        content = sent.known
        lineage = {sent.id, sent.parent}
        key = (sent.route, content.sender, content.message or "")
        same_key = [one for one in self._by_key[key] if one.id not in lineage]
        same_bytes = [one for one in self._by_bytes[content.sha256] if one.id not in lineage]
        if content.message is None:
            return "", ""
        # what is in a layout that is not in force is not read: bytes and name are all that is known
        is_read = content.layout in (None, *self.layouts)
        for one in same_key:
            if one.known.sha256 == content.sha256 and (is_read or one.name == sent.name):
                return "F701", one.name
        if same_key and is_read:
            return "F702", same_key[0].name
        return ("F703", same_bytes[0].name) if same_bytes else ("", "")

    def _repeated_record(self, sent: Sent) -> str:
        owners = ((key, self._records.get((sent.route, key))) for key in sorted(sent.known.records))
        return next((key for key, owner in owners if owner not in (None, sent.id, sent.parent)), "")

    def _accept(self, sent: Sent) -> None:
        content = sent.known
        self._by_key[sent.route, content.sender, content.message or ""].append(sent)
        self._by_bytes[content.sha256].append(sent)
        for key in content.records:
            self._records.setdefault((sent.route, key), sent.id)

    def _stream_of(self, content: Content) -> Stream:
        stream = self.stream(content)
        assert stream is not None, content.route
        return stream

    # ---- holds

    def _released(self, event: Event) -> None:
        sent = self.transfers[event.object_id]
        stream, number = self._stream_of(sent.known), sent.known.number or 0
        if not stream.may_go(number):
            raise Violation(f"{sent.name} was released before its predecessor (entry {event.sequence})")
        stream.go(number)
        self._promise(sent)

    def _expired(self, event: Event) -> None:
        sent = self.transfers[event.object_id]
        content = sent.known
        if not ROUTES[sent.route].fails_overdue:
            raise Violation(f"{sent.name} failed for its deadline on a route that only tells")
        self._stream_of(content).fail(content.number or 0)
        self._by_key[sent.route, content.sender, content.message or ""].remove(sent)
        self._by_bytes[content.sha256].remove(sent)
        for key in content.records:
            if self._records.get((sent.route, key)) == sent.id:
                del self._records[sent.route, key]
        sent.verdict, sent.why = "failed", "its predecessor did not come in time"

    # ---- deliveries

    def _promise(self, sent: Sent) -> None:
        digest = self.outputs[sent.id] if ROUTES[sent.route].is_mapped else sent.known.sha256
        for destination in ROUTES[sent.route].destinations:
            self.promised.add((sent.id, destination, sent.attempt))
            self.due[sent.route, destination, sent.name, digest] += 1

    def _delivered(self, event: Event) -> None:
        one = (event.object_id, str(event.new["destination"]), self.transfers[event.object_id].attempt)
        if one in self.told:
            raise Violation(f"the trail tells of a delivery twice: {one} (entry {event.sequence})")
        if one not in self.promised:
            raise Violation(f"the trail tells of a delivery that was not due: {one} (entry {event.sequence})")
        self.told.add(one)


def _new_stream(facts: RouteFacts) -> Stream:
    if facts.count is Count.CHAIN:
        return Chain()
    if facts.count is Count.STAMP:
        return Stamps()
    return Counter(is_strict=facts.count is Count.STRICT, fails_late=facts.fails_late)


def _layout(event: Event) -> tuple[int, int]:
    """Return the first two numbers of the version that the entry is about, such as `confirmation 1.2.0`."""
    major, minor, _patch = event.object_id.partition(" ")[2].split(".")
    return int(major), int(minor)


_STEPS = {
    "format-locked": Model._format_locked,
    "format-retired": Model._format_retired,
    "lock-accepted": Model._lock_accepted,
    "arrived": Model._arrived,
    "corrected": Model._corrected,
    "correction-withdrawn": Model._correction_withdrawn,
    "reprocess-requested": Model._asked_again,
    "replay-requested": Model._asked_again,
    "replay-begun": Model._replay_begun,
    "hold-released": Model._hold_released,
    "sequence-waived": Model._waived,
    "judged-failed": Model._judged,
    "judged-duplicate": Model._judged,
    "judged-processed": Model._judged,
    "accepted": Model._judged,
    "held": Model._judged,
    "released": Model._released,
    "hold-expired": Model._expired,
    "delivered": Model._delivered,
}
