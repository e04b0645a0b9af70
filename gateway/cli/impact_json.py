"""What `gateway formats impact --json` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.output import json_text

if TYPE_CHECKING:
    from gateway.operations.impact_causes import Cause
    from gateway.operations.impact_results import ExplainedValue, FileImpact, FindingShift, Impact


def show(found: Impact) -> None:
    """Print what was found as JSON; its keys stand in ``json_keys``. Files are in memory one at a time."""
    click.echo(json_text(_data_of(found), indent=2).removesuffix("\n}"), nl=False)
    click.echo(',\n  "differing": [', nl=False)
    comma = ""
    for files in (found.listed, found.only_findings):
        for one in files:
            click.echo(f"{comma}\n{textwrap.indent(json_text(_file_data(one), indent=2), '    ')}", nl=False)
            comma = ","
    click.echo("\n  ]\n}" if comma else "]\n}")


def _data_of(found: Impact) -> dict[str, Any]:
    """Return everything but the files that differ as JSON-ready data."""
    # only here, so that describing the command costs no data libraries
    from gateway.formats.compare.change import Direction
    from gateway.operations.impact_results import Effect

    known = {found.comparison.fingerprint(one): one for one in found.comparison.changes}
    return {
        "old": found.comparison.old,
        "new": found.comparison.new,
        "verdicts": {way.value: found.comparison.worst(way).value for way in Direction},
        "files": found.files,
        "effects": {effect.name.lower(): found.effects[effect] for effect in Effect},
        "left_out": found.others,
        "unread_total": found.unread_total,
        "unread": found.unread,
        "changes": [
            {"id": known[key].id, "kind": known[key].kind, "fingerprint": key, "files": count}
            for key, count in found.by_change.most_common()
        ],
        "contradicting_total": found.contradicting_total,
        "contradicting": [
            {"path": one.path, "contradictions": list(one.contradictions)} for one in found.contradicting
        ],
    }


def _file_data(one: FileImpact) -> dict[str, Any]:
    return {
        "path": one.path,
        "name": one.name,
        "sha256": one.sha256,
        "effect": one.effect.name.lower(),
        "old_errors": one.old_errors,
        "new_errors": one.new_errors,
        "one_sided": [
            {
                "under": "new" if each.under_new else "old",
                **_finding_data(each),
                "follows": each.follows,
                "causes": _cause_data(each.causes),
            }
            for each in one.findings
        ],
        "finding_totals": [
            {
                "code": total.code,
                "rule": total.rule,
                "record_type": total.record_type,
                "column": total.column,
                "under_old": total.under_old,
                "under_new": total.under_new,
            }
            for total in one.totals
        ],
        "values": [_value_data(each) for each in one.values],
        "value_totals": [
            {"old_place": old, "new_place": new, "certain": certain, "count": count}
            for old, new, certain, count in one.value_totals
        ],
    }


def _finding_data(shift: FindingShift) -> dict[str, Any]:
    one = shift.finding
    return {
        "code": one.code,
        "severity": one.severity.value,
        "rule": one.rule,
        "record_type": one.record_type,
        "record": one.record,
        "line": one.line,
        "column": one.column,
        "value": one.value,
        "message": one.message,
    }


def _value_data(value: ExplainedValue) -> dict[str, Any]:
    shift = value.shift
    return {
        "old_place": shift.old_place,
        "new_place": shift.new_place,
        "record": shift.record,
        "line": shift.line,
        "old_text": shift.old_text,
        "new_text": shift.new_text,
        "old_meaning": shift.old_meaning,
        "new_meaning": shift.new_meaning,
        "certain": shift.certain,
        "causes": _cause_data(value.causes),
    }


def _cause_data(causes: Sequence[Cause]) -> list[dict[str, str]]:
    return [{"id": one.id, "fingerprint": one.fingerprint, "verdict": one.verdict.value} for one in causes]
