"""JSON documents and NDJSON: one line for each outer record, everything else around it.

Numbers stand as they are given. Characters that the encoding lacks are written as escapes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from gateway.writers.base import PLAIN, Style
from gateway.writers.json_plan import JsonPlan, json_plan
from gateway.writers.json_values import Tree, dumped, escaped, member, with_arrays
from gateway.writers.output import Output, unwritable
from gateway.writers.units import Steps, Unit, units

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.formats.definition import Format
    from gateway.formats.row import Row


class JsonWriter:
    """Writes JSON documents and NDJSON."""

    def __init__(self, style: Style = PLAIN) -> None:
        self._style = style

    def write(self, definition: Format, rows: Iterable[Row], out: BinaryIO) -> None:
        """Write ``rows``; see ``Writer``. Raises FormatError where the JSON Schema cannot be read."""
        plan = json_plan(definition)
        output = Output(definition.encoding, out)
        found = units(definition, plan.holder, rows)
        if definition.dialect.lines:
            self._lines(plan, found, output)
            return
        document = _Document(plan, output)
        for unit in found:
            document.put(unit)
        document.finish("\n" if self._style.final_line_end else "")

    def _lines(self, plan: JsonPlan, found: Iterable[Unit], output: Output) -> None:
        pending, blank = "", "\n" if self._style.blank_line else ""
        for unit in found:
            _write(output, pending + dumped(with_arrays(plan.tree(unit))))
            pending, blank = "\n" + blank, ""
        if self._style.final_line_end:
            output.write(pending)


@dataclass(slots=True)
class _Open:
    """An object or array whose end is not written yet, and the members that come when it ends."""

    step: str
    closing: str
    used: set[str] = field(default_factory=set)  #: names of its members so far
    filled: bool = False  #: it has a member or element


class _Document:
    """One document as it is written."""

    def __init__(self, plan: JsonPlan, output: Output) -> None:
        self._plan = plan
        self._output = output
        self._open: list[_Open] = []
        self._waiting: dict[Steps, Tree] = {}  # members of objects that are not begun yet
        outer = [steps for name, steps in plan.records.items() if name not in plan.holder]
        self._around = {steps[:n] for steps in outer for n in range(len(steps))}

    def put(self, unit: Unit) -> None:
        """Write one outer record with all that is nested in it."""
        steps = self._plan.records[unit.kind.name]
        tree = self._plan.tree(unit)
        if steps in self._plan.arrays:
            self._go_to(steps, unit.row)
            self._separate()
            self._write(dumped(with_arrays(tree)))
        elif steps in self._around or not steps:
            self._enclose(steps, tree, unit.row)
        else:
            self._go_to(steps[:-1], unit.row)
            self._member(steps[-1], with_arrays(tree), unit.row)

    def finish(self, ending: str) -> None:
        """Close everything; a document without rows is an empty object, or an empty array of records."""
        if not self._open:
            self._enter("")
        while self._open:
            self._leave()
        self._write(ending)

    def _enclose(self, steps: Steps, tree: Tree, row: Row) -> None:
        """Write the members of an object that stays open for the records that it encloses.

        Members on the way to those records wait for the object that they stand in.
        """
        self._go_to(steps, row)
        for name, value in tree.items():
            if (*steps, name) in self._around and isinstance(value, dict):
                self._waiting[(*steps, name)] = value
            else:
                self._member(name, with_arrays(value), row)

    def _go_to(self, steps: Steps, row: Row) -> None:
        """Make the object or array at ``steps`` the innermost open one."""
        if not self._open:
            self._enter("")
        common = 0
        while common < min(len(steps), len(self._open) - 1) and self._open[common + 1].step == steps[common]:
            common += 1
        while len(self._open) - 1 > common:
            self._leave()
        for depth in range(common, len(steps)):
            if steps[depth] in self._open[-1].used:
                place = "/" + "/".join(steps[: depth + 1])
                raise unwritable(row, None, f"{place} has ended already: what stands there comes together")
            self._open[-1].used.add(steps[depth])
            self._enter(steps[depth])

    def _enter(self, step: str) -> None:
        """Begin the object or array called ``step`` in the innermost open one."""
        here = (*(one.step for one in self._open[1:]), step) if self._open else ()
        if self._open:
            self._separate()
            self._write(member(step, "").removesuffix('""'))
        is_array = here in self._plan.arrays
        self._write("[" if is_array else "{")
        self._open.append(_Open(step, "]" if is_array else "}"))
        for name, value in self._waiting.pop(here, {}).items():
            if (*here, name) in self._around and isinstance(value, dict):
                self._waiting[(*here, name)] = value
            else:
                self._member(name, with_arrays(value), None)

    def _leave(self) -> None:
        here = tuple(one.step for one in self._open[1:])
        for steps in [one for one in self._waiting if one[:-1] == here]:
            self._member(steps[-1], with_arrays(self._waiting.pop(steps)), None)
        for steps in sorted(self._plan.arrays):
            if steps and steps[:-1] == here and steps[-1] not in self._open[-1].used:
                self._member(steps[-1], [], None)
        one = self._open.pop()
        self._write(("\n" if one.filled else "") + one.closing)

    def _member(self, name: str, value: Any, row: Row | None) -> None:
        innermost = self._open[-1]
        if name in innermost.used and row is not None:
            raise unwritable(row, None, f"its object has a member {name!r} already")
        innermost.used.add(name)
        self._separate()
        self._write(member(name, value))

    def _separate(self) -> None:
        """Begin the next member or element on a line of its own."""
        self._write(",\n" if self._open[-1].filled else "\n")
        self._open[-1].filled = True

    def _write(self, text: str) -> None:
        _write(self._output, text)


def _write(output: Output, text: str) -> None:
    try:
        output.write(text)
    except UnicodeEncodeError:
        output.write(escaped(text))
