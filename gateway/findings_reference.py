"""The operator's page about finding codes, generated so that it cannot go stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.finding_codes import CODES, FAMILIES, Code, Party

_INTRODUCTION = """\
# Finding codes

<!-- Generated from gateway/finding_codes.py; `python -m tests.docs.regenerate` writes it anew. -->

A finding is one thing wrong with a file. Its code never changes its meaning. You meet codes

- in the report beside a failed file, `failed/<route>/NAME.report.txt`, and in `gateway failed show`;
- in the lists `gateway failed list`, `gateway duplicates` and `gateway status`;
- in the manifest beside every settled file.

Choose files by a code, or by its title: `gateway failed list --code F302`.

**How bad is it?** An *error* means that the file is not accepted; nothing of it is delivered. A
*warning* is noted; it stops nothing by itself. A format may make a finding of a field or rule a warning, and
a route says what a duplicate means to it ([configuration](configuration.md#duplicates)). A file that
*waits* stays in the inbox, untouched.

**Who acts?** The *sender*: another file must come. The *operator*: you decide here, with a command.
The *administrator*: configuration, formats, disks or permissions.

**A corrected file** can come through the inbox as a new file. If it is given to you by hand, tell the
gateway which one it corrects; the two stay linked, with what was changed on record:

```
gateway reprocess TRANSFER --corrected FILE --reason "the sender corrected row 12"
```

`TRANSFER` is the id that the report and every list show; some characters of its beginning or end, or the
file's name, will do. `STREAM` is the name that `gateway sequence status` shows. How to correct, reprocess,
waive and release is in [operating.md](operating.md).
"""

#: What stands below the headline of a family.
_ABOUT = {
    "The file as bytes and lines": "What is wrong before any value is looked at. If a file has one of"
    " these, look at it first: counts and totals are then often wrong too.",
    "What surrounds the records": "Header, trailer, counts and totals, the file's version, its name, and"
    " what was sent beside it.",
    "Values": "One value of one record.",
    "Values and records that contradict each other": "The rules of the format across fields and records."
    " The finding quotes the rule in the words of the format.",
    "XML": "Formats with an XSD.",
    "JSON": "Formats with a JSON Schema.",
    "Duplicates": "The file or one of its records was accepted before. The route says what that means"
    " to it: the file fails (error), is set aside undelivered (warning), or goes on (warning). A conflict"
    " is never accepted without an operator.",
    "Order": "Control numbers. [Holds and gaps](operating.md#holds-and-gaps) says more.",
    "Entries that are not taken": "They stay in the inbox as they are, with reason and age in"
    " `gateway status`.",
}


#: The route says what these mean to it (`duplicates`, `sequence.late`, `sequence.order`).
_BY_ROUTE = frozenset({"F701", "F702", "F703", "F704", "F801", "F804", "F806"})


@dataclass(frozen=True, slots=True)
class Example:
    """One finding as people see it."""

    file: str  #: the file's name
    text: str  #: place and message, on one line
    severity: str  #: ``error``, ``warning``, or ``waits``
    sample: str | None = None  #: path of the sample that shows it


def reference_markdown(examples: Mapping[str, Example]) -> str:
    """Return the whole page, ending in a newline; ``examples`` has one for every code.

    Raises KeyError for a code without an example.
    """
    parts = [_INTRODUCTION, *_overview()]
    for title, codes in FAMILIES:
        parts += ["", f"## {title}", "", _ABOUT[title]]
        for code in codes:
            parts += _entry(code, examples[code.code])
    return "\n".join(parts) + "\n"


def _overview() -> Iterator[str]:
    yield from ("| code | title | who acts |", "|---|---|---|")
    for code in CODES.values():
        yield f"| [{code.code}](#{anchor(code)}) | {code.title} | {code.who.value} |"


def _entry(code: Code, example: Example) -> Iterator[str]:
    shown = f"[{example.file}](../{example.sample})" if example.sample else f"`{example.file}`"
    yield from ("", f"### {code.code} {code.title}", "", code.meaning, "")
    yield f"*{_weight(code, example)}; {_acting(code.who)}.* Seen in {shown}:"
    yield from ("", "```", example.text, "```", "", f"**Next:** {code.action}")


def _weight(code: Code, example: Example) -> str:
    if code.code in _BY_ROUTE:
        return "Error or warning, as the route says"
    return "Waits" if example.severity == "waits" else code.severity.value.capitalize()


def _acting(who: Party) -> str:
    return f"the {who.value} acts"


def anchor(code: Code) -> str:
    """Return the anchor of a code's headline, as Markdown renderers make it."""
    return f"{code.code} {code.title}".lower().replace(" ", "-")
