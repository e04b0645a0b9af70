"""Does a format definition contradict itself? Everything the JSON Schema cannot see.

Three lists of checks: what readers and validation could not work with (loading refuses it), what can be
worked with but cannot be meant, and what can never happen (``gateway formats check`` reports all).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from gateway import documents
from gateway.complaints import Complaint
from gateway.documents import Document
from gateway.formats import (
    check_files,
    check_firing,
    check_layout,
    check_numbering,
    check_possible,
    check_references,
    check_rules,
    check_values,
)
from gateway.formats.definition import Format

if TYPE_CHECKING:
    from gateway.model import Problem

Check = Callable[[Format], Iterator[Complaint]]

#: Without these a reader or validation would fail or mislead.
STRUCTURE: tuple[Check, ...] = (
    check_values.charset,
    check_values.patterns,
    check_values.notations,
    check_values.bounds,
    check_layout.places,
    check_layout.line_ends,
    check_layout.marks,
    check_layout.discriminators,
    check_references.envelope,
    check_references.interchange_key,
    check_references.records,
    check_references.field_names,
    check_rules.rules,
    check_files.beside,
)
#: These can be worked with, but are mistakes.
SENSE: tuple[Check, ...] = (
    check_values.byte_order_mark,
    check_values.limits,
    check_values.values,
    check_layout.positions,
    check_layout.headings,
    check_layout.business_records,
    check_numbering.numbering,
    check_files.directory_names,
    check_files.schemas,
)
#: What can never happen; thought about only where the definition can be worked with.
EFFECT: tuple[Check, ...] = (
    check_possible.patterns,
    check_possible.texts,
    check_possible.keys,
    check_possible.dead_types,
    check_firing.effects,
)


def check_format(definition: Format) -> list[Problem]:
    """Return every contradiction of ``definition``, in file order, each with its line.

    A definition that was not loaded from a directory has problems without lines.
    """
    document = _document(definition)
    found = problems_of(definition, document, (*STRUCTURE, *SENSE))
    if any(True for check in STRUCTURE for _complaint in check(definition)):
        return found
    repeated = functools.partial(check_possible.repeated_codes, document=document)
    return _in_order([*found, *problems_of(definition, document, (*EFFECT, repeated))])


def problems_of(definition: Format, document: Document, checks: Iterable[Check]) -> list[Problem]:
    """Return what ``checks`` find wrong with ``definition``, in the order of ``document``."""
    complaints = dict.fromkeys(complaint for check in checks for complaint in check(definition))
    return _in_order(document.problem(*complaint) for complaint in complaints)


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def _document(definition: Format) -> Document:
    if definition.directory is None:
        return Document(definition.name, {}, {})
    return documents.read(definition.directory / "format.yaml")
