"""`gateway verify`: is everything where the records say, with the bytes that they say?"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, say, size
from gateway.cli.progress import spoken

if TYPE_CHECKING:
    from gateway.custody.differences import Difference, VerifyReport

#: What each kind of difference means to the person who finds it.
_MEANING = {
    "altered": "there, with other bytes than recorded",
    "missing": "recorded, and not there",
    "unexpected": "there, and not recorded",
    "leftover": "left by an interrupted write; harmless",
}


@click.command()
@json_option
@click.pass_obj
def verify(shared: Shared, as_json: bool) -> int:
    """Read every archived file and compare it with day lists, manifests, ledger and audit trail.

    Leaves with 60 where anything is altered, missing or unexpected, with 61 where it is the audit trail
    alone.
    """
    from gateway.custody.guard import SiteGuard
    from gateway.errors import AuditBroken, SiteBusy, VerificationFailed
    from gateway.operations.opening import open_site
    from gateway.operations.verifying import verify_audit, verify_site

    with contextlib.ExitStack() as stack:
        context = stack.enter_context(open_site(shared.directory(), actor=shared.actor))
        try:
            stack.enter_context(SiteGuard(context.site.directory))
        except SiteBusy:
            say("A gateway works on this site: a file being settled may show as a difference.", err=True)
        tell = stack.enter_context(spoken("Reading the archive"))
        seen = 0

        def step(path: str, count: int) -> None:
            nonlocal seen
            seen += count
            tell(f"{size(seen)} read; {path}")

        report = verify_site(context, step)
        broken, entries = verify_audit(context, lambda done, of: tell(f"{done:,} of {of:,} audit entries"))
    if as_json:
        print_json(_data(report, broken, entries))
    else:
        _print(report, broken, entries)
    if not report.is_clean:
        return VerificationFailed.exit_status
    return AuditBroken.exit_status if broken else 0


def _data(report: VerifyReport, broken: list[dict[str, Any]], entries: int) -> dict[str, Any]:
    return {
        "files": report.files,
        "bytes": report.bytes,
        "totals": {kind.value: count for kind, count in report.totals.items()},
        **{kind.value: [_difference(one) for one in found] for kind, found in report.listed.items()},
        "audit": {"entries": entries, "problems": broken},
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {"path": one.path, "detail": one.detail, "expected": one.expected, "actual": one.actual}


def _print(report: VerifyReport, broken: list[dict[str, Any]], entries: int) -> None:
    for kind, found in report.listed.items():
        if not found:
            continue
        say(f"{kind.value.upper()} ({report.totals[kind]:,}): {_MEANING[kind.value]}")
        for one in found:
            say(f"  {one.path}")
            say(f"    {one.detail}")
            if one.expected or one.actual:
                say(f"    recorded {one.expected or 'nothing'}")
                say(f"    found    {one.actual or 'nothing'}")
        if report.totals[kind] > len(found):
            say(f"  ... and {report.totals[kind] - len(found):,} more")
        say("")
    for problem in broken:
        say(f"AUDIT TRAIL: {problem['code']}: {problem['message']}")
    totals = ", ".join(f"{count:,} {kind.value}" for kind, count in report.totals.items() if count)
    checked = f"{number(report.files, 'file')} ({size(report.bytes)})"
    say(
        f"{checked} and {number(entries, 'audit entry', 'audit entries')} checked: "
        f"{totals or ('files are as recorded' if broken else 'everything is as recorded')}."
    )
