"""Retention: from valid data with its defaults to values, and what a schema cannot say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.model import Disposition
from gateway.rules.calendars import parse_span
from gateway.rules.retention import KeepRule, LegalHold, RetentionPolicy, parse_keep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.documents import Document
    from gateway.model import Problem

Data = dict[str, Any]


def build_retention(data: Data) -> RetentionPolicy:
    """Return what the site says about removal."""
    return RetentionPolicy(
        rules=tuple(
            KeepRule(
                parse_keep(one["keep"]),
                tuple(Disposition(word) for word in one["dispositions"]),
                tuple(one["routes"]),
            )
            for one in data["rules"]
        ),
        holds=tuple(
            LegalHold(one["reason"], tuple(one["routes"]), tuple(map(parse_span, one["arrived"])))
            for one in data["legal_holds"]
        ),
    )


def check_retention(document: Document, data: Data) -> Iterator[Problem]:
    """Yield which days of legal holds there are not."""
    for index, hold in enumerate(data["legal_holds"]):
        for position, text in enumerate(hold["arrived"]):
            try:
                parse_span(text)
            except ValueError as error:
                place = ("retention", "legal_holds", index, "arrived", position)
                yield document.problem(place, str(error), text)
