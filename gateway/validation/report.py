"""The report that lies beside a failed file: what is wrong, where, by which rule, and what to do next.

Written for someone who has never seen the format and has to decide at night. Plain text,
100 columns; whatever stood in the file is shown, and nothing of it reaches the terminal as
a control character.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.finding_codes import CODES, Code
from gateway.printable import printable

WIDTH = 100

#: Families of codes, in the order in which they are read: who the file is before what it holds.
_FAMILIES = (
    ("F9", "The entry"),
    ("F1", "The file as bytes and lines"),
    ("F5", "The XML"),
    ("F6", "The JSON"),
    ("F2", "The envelope"),
    ("F7", "Duplicates"),
    ("F8", "Sequence"),
    ("F4", "Values and records that contradict each other"),
    ("F3", "Values"),
)

Totals = Mapping[str, Any]  # one entry of the summary's ``totals``


def report_text(name: str, findings: Mapping[str, Any], context: Mapping[str, str]) -> str:
    """Return the report on a file.

    Args:
        name: the file's name as it arrived.
        findings: what ``Findings.summary`` returned.
        context: facts to print at the top, by label, in order. Only with the fact ``transfer``
            (a transfer's id) are there commands to go on with.
    """
    findings = {"errors": 0, "warnings": 0, "totals": [], "listed": [], **findings}
    parts = [
        *_head(name, findings, context),
        *_overview(findings["totals"]),
        *_details(findings["totals"], findings["listed"]),
        *_next_steps(findings["totals"], context.get("transfer")),
    ]
    return "\n".join(line.rstrip() for line in parts) + "\n"


def _head(name: str, findings: Mapping[str, Any], context: Mapping[str, str]) -> Iterator[str]:
    yield from _wrapped(f"REPORT ON {printable(name)}")
    yield "=" * WIDTH
    width = max((len(label) for label in context), default=0) + 2
    for label, fact in context.items():
        yield from _wrapped(
            f"{printable(label).capitalize() + ':':<{width}}{printable(fact)}", indent=" " * width
        )
    yield ""
    errors, warnings = findings["errors"], findings["warnings"]
    counted = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}."
    verdict = "The file was not accepted; nothing of it was delivered." if errors else "No error."
    yield from _wrapped(f"{counted} {verdict}")


def _overview(totals: Sequence[Totals]) -> Iterator[str]:
    if not totals:
        return
    yield from ("", "What is wrong, with exact totals", "-" * WIDTH)
    for total in _in_order(totals):
        label = f"{total['code']} {_title(total)}"
        where = ".".join(printable(total[part]) for part in ("record_type", "column") if total[part])
        mark = "  (warning)" if total["severity"] == "warning" else ""
        yield from _wrapped(f"{total['count']:>12,}  {label}  {where}{mark}", indent=" " * 14)


def _details(totals: Sequence[Totals], listed: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    family = None
    for total in _in_order(totals):
        title = _family(total["code"])[1]
        if title != family:
            family = title
            yield from ("", "", title.upper(), "-" * WIDTH)
        yield from _group(total, [one for one in listed if _belongs(one, total)])


def _group(total: Totals, listed: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    code = CODES.get(total["code"])
    where = ".".join(printable(total[part]) for part in ("record_type", "column") if total[part])
    rule = f"  rule {printable(total['rule'])}" if total["rule"] else ""
    yield ""
    yield from _wrapped(f"{total['code']} {_title(total)}  {where}{rule}", indent="     ")
    if code:
        yield from _wrapped(f"     {code.meaning}", indent="     ")
    for one in listed:
        place = _place(one)
        message = printable(str(one["message"]))
        yield from _wrapped(f"   - {place}{message}{_raw_value(one, message)}", indent="     ")
    if total["count"] > len(listed):
        more = total["count"] - len(listed)
        yield f"     ... and {more:,} more" if listed else f"     {more:,} of these, none listed"


def _place(one: Mapping[str, Any]) -> str:
    facts = (("record", "record"), ("line", "line"), ("byte_offset", "byte"))
    place = ", ".join(f"{label} {one[key]:,}" for key, label in facts if one.get(key) is not None)
    return f"{place}: " if place else ""


def _raw_value(one: Mapping[str, Any], message: str) -> str:
    """Return the raw value as an addition, where the message does not show it already."""
    value = one.get("value")
    shown = printable(str(value))
    return "" if value is None or not shown or shown in message else f' (the value is "{shown}")'


def _next_steps(totals: Sequence[Totals], transfer: str | None) -> Iterator[str]:
    if not totals:
        return
    yield from ("", "", "WHAT TO DO NEXT", "-" * WIDTH)
    actions: dict[str, list[str]] = {}
    for total in _in_order(totals):
        code = CODES.get(total["code"])
        if code and total["code"] not in actions.setdefault(code.action, []):
            actions[code.action].append(total["code"])
    for number, (action, codes) in enumerate(actions.items(), 1):
        yield from _wrapped(f"{number:>2}. {action} ({', '.join(codes)})", indent="    ")
    if transfer:
        yield from _commands(shlex.quote(transfer))


def _commands(which: str) -> Iterator[str]:
    yield from (
        "",
        "Commands",
        f"  gateway failed show {which}",
        f'  gateway reprocess {which} --dry-run --reason "..."',
        f'  gateway reprocess {which} --reason "..."                      the same bytes again',
        f'  gateway reprocess {which} --corrected FILE --reason "..."     a corrected file',
    )


def _in_order(totals: Sequence[Totals]) -> list[Totals]:
    """Return errors before warnings, the envelope before the records, then by code."""
    order = {prefix: number for number, (prefix, _) in enumerate(_FAMILIES)}
    return sorted(
        totals,
        key=lambda one: (
            order[_family(one["code"])[0]],
            one["severity"] == "warning",
            one["code"],
            one["column"],
        ),
    )


def _family(code: str) -> tuple[str, str]:
    return next((family for family in _FAMILIES if code.startswith(family[0])), _FAMILIES[0])


def _belongs(one: Mapping[str, Any], total: Totals) -> bool:
    return all((one.get(part) or "") == total[part] for part in ("code", "rule", "record_type", "column"))


def _title(total: Totals) -> str:
    code: Code | None = CODES.get(total["code"])
    return code.title if code else "unknown"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        subsequent_indent=indent,
        drop_whitespace=True,
        replace_whitespace=False,
        break_on_hyphens=False,
    )
