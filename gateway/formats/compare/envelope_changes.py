"""Changes of the envelope: identifiers, interchange key, version field, numbering, counts, totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Demand, DemandedRow, Judgement, Verdict
from gateway.formats.compare.occurrences import counted
from gateway.formats.compare.texts import texts_of
from gateway.formats.compare.value_sides import Spot, judged, reading
from gateway.formats.compare.values import Value, meaning
from gateway.formats.compare.views import View, Views, breaking, ok, review, silent
from gateway.formats.definition import ControlCount, ControlTotal, Envelope, Numbering, Reference

if TYPE_CHECKING:
    from gateway.formats.definition import Field, Format

_IDENTIFIERS = ("message_id", "sender", "receiver", "created_at")
#: Settings that say how wide a control number is.
_WIDTHS = ("length", "min_length", "max_length", "digits", "pattern")
_NUMBERS = ("control_number", "previous_number")
Control = ControlCount | ControlTotal
References = tuple["Reference | None", "Reference | None"]


def changes(views: Views) -> Iterator[Change]:
    """Yield the changes of both versions' envelopes."""
    old, new = views.forward.writer.envelope, views.forward.reader.envelope
    for names, kind in ((_IDENTIFIERS, "identifier"), (_NUMBERS, "control-number")):
        for name in names:
            yield from _moved(views, kind, f"envelope.{name}", (getattr(old, name), getattr(new, name)))
    yield from _moved(
        views, "version-field", "envelope.format_version.field", (old.format_version, new.format_version)
    )
    values = (old.version_values, new.version_values)
    yield from views.setting("version-values", "envelope.format_version.values", values, _version_values)
    yield from views.setting("interchange-key", "envelope.key", (old.key, new.key), _key)
    if old.sequence != new.sequence:
        numbering = (_numbering(old.sequence), _numbering(new.sequence))
        yield views.change(
            "sequence-reset", "envelope.sequence", numbering, _reset, (old.sequence, new.sequence)
        )
    yield from _width(views, old, new)
    yield from _controls(views, old, new)


def _moved(views: Views, kind: str, path: str, references: References) -> Iterator[Change]:
    """Yield the change of where an identifier stands, unless its field was only renamed."""
    old, new = references
    if _carried(views.forward, old) != new or (old is None) != (new is None):
        words = (str(old) if old else None, str(new) if new else None)
        judge = _identifier if kind == "identifier" else _other_place
        yield views.change(kind, path, words, judge, references, words)


def _carried(view: View, reference: Reference | None) -> Reference | None:
    """Return ``reference`` as the reader's version calls the same field; None where it has none."""
    if reference is None:
        return None
    kind = view.types.get(reference.record_type)
    name = view.fields.get((reference.record_type, reference.field))
    return Reference(kind, name) if kind is not None and name is not None else None


def _identifier(view: View, writer: Reference | None, reader: Reference | None) -> Judgement:
    missing = _must_occur(view, reader)
    if missing is not None:
        return missing
    if writer is None or reader is None or reader.record_type not in view.types.values():
        return review("A file is known by something else: duplicates and tracing are decided otherwise.")
    return silent(
        f"{view.theirs} takes it from {writer}; {view.ours} from {reader}, which says something else."
    )


def _other_place(view: View, _writer: Reference | None, reader: Reference | None) -> Judgement:
    missing = _must_occur(view, reader)
    return missing or review(
        f"{view.ours} takes it from {reader or 'nowhere'}: streams or versions are told otherwise."
    )


def _must_occur(view: View, reference: Reference | None) -> Judgement | None:
    """Return that a header or trailer must be there for an identifier; None where it always was."""
    if reference is None:
        return None
    for kind in view.writer.record_types:
        mine = view.reading(kind)
        if mine is None or mine.name != reference.record_type:
            continue
        if counted(view.writer, kind).least == 0 < counted(view.reader, mine).least:
            why = f"{view.ours} needs {mine.name} for `{reference}`; files of {view.theirs} may lack it."
            return breaking(why, Demand(counts={kind.name: 0}))
    return None


def _version_values(_view: View, writer: tuple[str, ...], reader: tuple[str, ...]) -> Judgement:
    shared = sorted(set(writer) & set(reader))
    if shared:
        return review(f"{', '.join(shared)} means both versions: which one reads a file is not certain.")
    return ok("The two versions share no text, so that each file is told apart.")


def _key(view: View, writer: tuple[str, ...], reader: tuple[str, ...]) -> Judgement:
    why = (
        f"{view.theirs} knows a file again by {' and '.join(writer)}; {view.ours} by {' and '.join(reader)}."
    )
    return silent(f"{why} What counts as the same file is decided otherwise.")


def _numbering(numbering: Numbering | None) -> str | None:
    if numbering is None:
        return None
    first = "any" if numbering.first is None else numbering.first
    last = "any" if numbering.last is None else numbering.last
    return f"{first} to {last}, starts again: {numbering.reset}"


def _reset(_view: View, _writer: Numbering | None, _reader: Numbering | None) -> Judgement:
    return review("The route's sequence policy has to follow what the sender's numbers run through.")


def _width(views: Views, old: Envelope, new: Envelope) -> Iterator[Change]:
    """Yield the change of the control number's width, where its field is the same one."""
    if old.control_number is None or _carried(views.forward, old.control_number) != new.control_number:
        return
    assert new.control_number is not None  # noqa: S101 - it is the one carried over
    spots = (_spot(views.forward.writer, old.control_number), _spot(views.forward.reader, new.control_number))
    widths = (_widths(spots[0].field), _widths(spots[1].field))
    if widths[0] != widths[1]:
        words = (str(old.control_number), str(new.control_number))
        path = "envelope.control_number.width"
        yield views.change("sequence-width", path, widths, _judge_width, spots, words)


def _spot(definition: Format, reference: Reference) -> Spot:
    kind = definition.record_type(reference.record_type)
    return Spot(kind, kind.field(reference.field))


def _widths(field: Field) -> str:
    parts = [f"{name} {getattr(field, name)}" for name in _WIDTHS if getattr(field, name) is not None]
    return ", ".join(parts) or "any"


def _judge_width(view: View, writer: Spot, reader: Spot) -> Judgement:
    found = judged(view, writer, reader, reading(view, writer, reader))
    if found.verdict in (Verdict.BREAKING, Verdict.SILENT):
        return found
    return review("The number after which the sender starts again moves; the route's policy has to follow.")


def _controls(views: Views, old: Envelope, new: Envelope) -> Iterator[Change]:
    view = views.forward
    for kind, group in (("count", "counts"), ("control-total", "totals")):
        had: dict[Reference, Control] = {
            _carried(view, one.stated) or one.stated: one for one in getattr(old, group)
        }
        has: dict[Reference, Control] = {one.stated: one for one in getattr(new, group)}
        yield from _each_control(views, kind, group, (had, has))


def _each_control(
    views: Views,
    kind: str,
    group: str,
    controls: tuple[Mapping[Reference, Control], Mapping[Reference, Control]],
) -> Iterator[Change]:
    """Yield a change for each stated number that came, went or is held against something else."""
    old, new = controls
    for key in dict.fromkeys((*old, *new)):
        one, other = old.get(key), new.get(key)
        if one is not None and other is not None and _held_against(views.forward, one) == _words(other):
            continue
        names = sorted({str(each.stated) for each in (one, other) if each is not None})
        words = (_words(one) if one else None, _words(other) if other else None)
        stated = (str(one.stated) if one else None, str(other.stated) if other else None)
        yield views.change(kind, f"envelope.{group}.{'~'.join(names)}", words, _control, (one, other), stated)


def _words(control: Control) -> str:
    if isinstance(control, ControlCount):
        return f"number of {', '.join(control.of)}"
    return f"sum of {control.sum_of}"


def _held_against(view: View, control: Control) -> str:
    """Return what the writer's ``control`` is held against, in the reader's names."""
    if isinstance(control, ControlCount):
        return f"number of {', '.join(view.types.get(name, name) for name in control.of)}"
    return f"sum of {_carried(view, control.sum_of) or control.sum_of}"


def _control(view: View, writer: Control | None, reader: Control | None) -> Judgement:
    if reader is None:
        return ok(f"{view.ours} does not check the number.")
    stated = _writers(view, reader.stated)
    if stated is None:
        return ok(f"Files of {view.theirs} do not state it; whether they must is judged at the field.")
    if writer is not None:
        return review(f"The number was the {_words(writer)}; {view.ours} takes it for the {_words(reader)}.")
    envelope = view.writer.envelope
    known = [count.stated for count in envelope.counts] + [total.stated for total in envelope.totals]
    if stated in known:
        return review(f"{view.theirs} holds `{stated}` against something else already.")
    return _wrong_number(view, stated, reader)


def _writers(view: View, reference: Reference) -> Reference | None:
    """Return how the writer's version calls a field of the reader's; None where it has none."""
    for (kind, name), mine in view.fields.items():
        if (view.types.get(kind), mine) == (reference.record_type, reference.field):
            return Reference(kind, name)
    return None


def _wrong_number(view: View, stated: Reference, control: Control) -> Judgement:
    spot = _spot(view.writer, stated)
    side = view.written(spot.field)
    numbers = [text for text in texts_of(side) if isinstance(value := meaning(side, text), Value) and
               value.sort == "number" and value.value not in (0, 1)]  # fmt: skip
    if not numbers:
        return review(f"No wrong number for `{stated}` could be made up, to show that it is checked.")
    counts = {control.of[0]: 1} if isinstance(control, ControlCount) and control.of[0] in view.types else {}
    rows = (DemandedRow(stated.record_type, {stated.field: numbers[-1]}),)
    why = f"{view.theirs} does not check `{stated}`; {view.ours} refuses a file in which it is not the "
    return breaking(f"{why}{_words(control)}.", Demand(rows=rows, counts=counts))
