"""Findings of a JSON Schema: which record, which line, which value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.finding_codes import finding
from gateway.readers.json_members import position_of
from gateway.readers.json_plan import DocumentPlan, at, text_of
from gateway.readers.json_records import RecordPlace, column_of
from gateway.readers.json_schema import MOST_VALUES, JsonSchema, SchemaError, exact, schema_of, values_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.findings import Findings
    from gateway.formats.definition import Format
    from gateway.readers.json_values import Pointer, Value
    from gateway.readers.json_window import Window

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class _Span:
    """A record and its text."""

    place: RecordPlace
    text: str
    value: Any


class SchemaCheck:
    """Applies the format's JSON Schema to one document, as a whole or in parts."""

    def __init__(self, definition: Format, plan: DocumentPlan, findings: Findings) -> None:
        self._schema = schema_of(definition)
        self._plan = plan
        self._findings = findings
        self._spans: dict[tuple[str, ...], _Span] = {}
        self._headers: dict[Pointer, RecordPlace] = {}
        self._shell: Any = None
        self.active = self._schema is not None
        self.whole = True

    @property
    def schema(self) -> JsonSchema | None:
        """The JSON Schema, while there is one to be applied."""
        return self._schema if self.active else None

    def place_of(self, array: Pointer) -> Pointer | None:
        """Return the place of the JSON Schema of the elements of an array, None where there is none."""
        return self.schema.place_of_items(array) if self.schema else None

    def divisible(self) -> bool:
        """Whether a document too large to be kept can be validated in parts."""
        schema = self._schema
        return schema is None or all(schema.divides(pointer) for pointer in self._plan.arrays)

    def record(self, item: Value, place: RecordPlace) -> None:
        """Validate one record, or remember where it stands until the document has ended."""
        if not self.active or self._schema is None:
            return
        index = () if item.index is None else (str(item.index),)
        span = _Span(place, item.text, item.value)
        if self.whole:
            self._spans[(*item.at, *index)] = span
        elif index:
            self._item(item.at, span)

    def line(self, place: RecordPlace, text: str, value: Any) -> None:
        """Validate one line of NDJSON, which is a document of its own."""
        if self._schema is not None:
            for error in self._schema.errors(exact(text), values=values_in(text)):
                self._add(error, error.path, _Span(place, text, value))

    def header(self, pointer: Pointer, place: RecordPlace) -> None:
        """Remember that the object at ``pointer`` is a record of the envelope."""
        self._headers[pointer] = place

    def shell(self, members: Any) -> None:
        """Remember what stands around the records."""
        self._shell = members

    def finish(self, window: Window, counts: dict[Pointer, int]) -> None:
        """Validate the whole document, or what stands around its records."""
        if not self.active or self._schema is None:
            return
        if self.whole:
            values = values_in(window.text)
            if values <= MOST_VALUES or not self.divisible():
                self._place(self._schema.errors(exact(window.text), values=values), window.text)
                return
            for place, span in self._spans.items():
                if place[:-1] in self._plan.arrays:
                    self._item(place[:-1], span)
        around = self._schema.errors(_numbers(self._shell))
        self._place([e for e in around if _pointer(e.path) not in self._plan.arrays], None)
        for pointer, count in counts.items():
            self._place(self._schema.count_errors(pointer, count), None)

    def _item(self, array: Pointer, span: _Span) -> None:
        """Validate one record by the schema of the items of its ``array``."""
        assert self._schema is not None  # noqa: S101 - only asked where there is one
        for error in self._schema.item_errors(array, exact(span.text), values=values_in(span.text)):
            self._add(error, error.path, span)

    def _place(self, errors: Iterable[SchemaError], text: str | None) -> None:
        """Add findings for errors of the document; ``text`` is the document's, where it was kept."""
        for error in errors:
            path = _pointer(error.path)
            depth = next((n for n in range(len(path) + 1) if path[:n] in self._spans), None)
            if depth is None:
                self._add_around(error, path, text)
            else:
                self._add(error, error.path[depth:], self._spans[path[:depth]])

    def _add(self, error: SchemaError, path: tuple[str | int, ...], span: _Span) -> None:
        """Add the finding for an error at ``path`` within one record."""
        self._report(error, span.place, path, span.place.line, span.text, at(span.value, _pointer(path)))

    def _add_around(self, error: SchemaError, path: Pointer, text: str | None) -> None:
        """Add the finding for an error around the records: in a header, or in no record at all."""
        owners = [pointer for pointer in self._headers if pointer and pointer == path[: len(pointer)]]
        place = self._headers[max(owners, key=len)] if owners else None
        line = 1 if text is not None else place.line if place else None
        self._report(error, place, error.path, line, text, at(self._shell, path))

    def _report(
        self,
        error: SchemaError,
        place: RecordPlace | None,
        path: tuple[str | int, ...],
        line: int | None,
        text: str | None,
        value: Any,
    ) -> None:
        """Add a finding; where it will be listed, count the lines of ``text`` up to ``path``."""
        rule, column = f"json-schema:{error.keyword}", column_of(path)
        kind = place.plan.kind.name if place else None
        listed = self._findings.room("F605", rule, kind or "", column) > 0
        if text is not None and line is not None and listed:
            line += text.count("\n", 0, position_of(text, _pointer(path)))
        self._findings.add(
            finding(
                "F605",
                error.message,
                rule=rule,
                record_type=kind,
                record=place.number if place else None,
                line=line,
                column=column or None,
                value=_shown(value),
            )
        )


def _pointer(path: tuple[str | int, ...]) -> Pointer:
    return tuple(str(part) for part in path)


def _shown(value: Any) -> str | None:
    text = text_of(value)
    return None if text is None else text[:_SHOWN]


def _numbers(value: Any) -> Any:
    """Return parsed JSON with exact numbers in place of their texts."""
    if isinstance(value, dict):
        return {name: _numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_numbers(member) for member in value]
    return exact(value) if type(value) is not str and isinstance(value, str) else value
