"""A comparison as JSON for programs; its form is published in ``comparison.schema.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from gateway.formats.compare.change import Comparison, Direction, Judgement
from gateway.formats.compare.reports.subject import Approved, Entry, Report, Witness

_SCHEMA = "comparison.schema.json"
#: Version of the form; its major number changes when a key is taken away or means something else.
FORM = "1.1"
_NOT_PLAIN = re.compile(r"[^\n -~]")


def render(report: Report) -> str:
    """Return the report as indented JSON: every value whole, unprintable characters escaped."""
    text = json.dumps(data_of(report), indent=2, ensure_ascii=False, allow_nan=False)
    return _NOT_PLAIN.sub(_visible, text) + "\n"


def _visible(match: re.Match[str]) -> str:
    """Return a character, as an escape where a terminal could obey it or no encoding has it."""
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]


def schema() -> dict[str, Any]:
    """Return the published JSON Schema of the report."""
    text = resources.files(__package__).joinpath(_SCHEMA).read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def data_of(report: Report) -> dict[str, Any]:
    """Return the report as JSON-ready data."""
    return {
        "form": FORM,
        "gateway": report.gateway,
        "fail_on": report.limit.value if report.limit else None,
        "judged": [direction.value for direction in report.judged],
        "failing": len(report.failing()),
        "comparisons": [
            _comparison(report, one, list(report.summaries.get(index, ())))
            for index, one in enumerate(report.comparisons)
        ],
        "unread": [
            {"name": one.name, "where": one.where, "problems": list(one.problems)} for one in report.unread
        ],
    }


def _comparison(report: Report, comparison: Comparison, summary: list[str]) -> dict[str, Any]:
    return {
        "message_type": comparison.message_type,
        "old": {"name": comparison.old or None, "sha256": comparison.old_digest or None},
        "new": {"name": comparison.new or None, "sha256": comparison.new_digest or None},
        "verdicts": {direction.value: _verdicts(comparison, direction) for direction in Direction},
        "summary": summary,
        "changes": [_entry(entry) for entry in report.entries(comparison)],
    }


def _verdicts(comparison: Comparison, direction: Direction) -> dict[str, Any]:
    counts = {verdict.value: count for verdict, count in comparison.counts(direction).items()}
    return {"worst": comparison.worst(direction).value, **counts}


def _entry(entry: Entry) -> dict[str, Any]:
    change = entry.change
    return {
        "id": change.id,
        "code": change.code,
        "kind": change.kind,
        "path": change.path,
        "title": entry.title,
        "old": change.old,
        "new": change.new,
        "old_field": change.old_field,
        "new_field": change.new_field,
        **{way.value: _judgement(one, entry.witnesses.get(way)) for way, one in entry.judgements()},
        "fingerprint": entry.fingerprint,
        "approved": _approved(entry.approved),
        "fails": entry.fails,
    }


def _judgement(judgement: Judgement, witness: Witness | None) -> dict[str, Any]:
    return {"verdict": judgement.verdict.value, "why": judgement.why, "witness": _witness(witness)}


def _witness(one: Witness | None) -> Mapping[str, Any] | None:
    if one is None:
        return None
    return {
        "name": one.name or None,
        "confirmed": one.confirmed,
        "said": one.said,
        "size": one.size,
        "sha256": one.sha256 or None,
        "path": one.path,
        "excerpt": list(one.excerpt),
    }


def _approved(one: Approved | None) -> Mapping[str, Any] | None:
    return None if one is None else {"by": one.by, "at": one.at, "reason": one.reason}
