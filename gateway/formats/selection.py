"""Which version of a format a file has: decided from what the file, its name or the route states.

The rules, in order:

1. Where the route or the file name states the version, that one is taken.
2. By envelope, each version looks at the file with its own eyes (``probe``). A version is
   recognised if the text in its version field is one of its ``values`` (the version itself if
   it lists none); a format without a version field by its exact column headings, or by its
   root element and namespace.
3. Of the versions that are recognised and accepted, a released one wins before a draft, one that was in
   force when the file arrived before one that was not, and then the newest.
4. A file recognised only by a version outside the accepted range is refused with F209. One
   that states a version which no version of the catalogue recognises is refused with F208.
5. A file that states nothing readable is taken as the first accepted version in the order of rule 3, so
   that its findings say what is wrong with it.

Status: drafts and released versions take files, retired ones never do. A file that only a version
recognises which was not in force gets that version; whether it may pass is decided later (F214).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.formats.definition import Format, Kind, Status
from gateway.formats.versions import Range as Range
from gateway.formats.versions import parse_range as parse_range
from gateway.rules.in_force import is_in_force

if TYPE_CHECKING:
    from gateway.model import Finding

Probe = Callable[[Format], Mapping[str, str]]


def choose_version(
    candidates: Sequence[Format],
    all_versions: Sequence[Format],
    probe: Probe,
    how: str,
    stated: str | None = None,
    *,
    day: str | None = None,
    accepted: Callable[[Format], str] | None = None,
) -> Format | Finding:
    """Return the version of a file, or the finding that says why there is none.

    ``candidates`` are the versions the route accepts, newest first; ``all_versions`` are those
    of the catalogue. ``how`` is ``envelope``, ``name`` or ``route``; ``stated`` is the version
    that name or route give. ``probe`` returns what the file's head says to one version. ``day`` is the
    day of arrival (None: any). ``accepted`` says, for a version that is not accepted, who refuses it.
    """
    candidates = preferred(candidates, day)
    say = accepted or functools.partial(_route_accepts, candidates)
    if how != "envelope" and stated is not None:
        return _stated(candidates, all_versions, stated, how, say)
    for candidate in candidates:
        if recognises(candidate, probe(candidate)):
            return candidate
    for other in all_versions:
        if other not in candidates and recognises(other, probe(other)):
            return _not_accepted(other, say)
    text = _readable_version(all_versions, probe)
    if text is not None:
        return _unknown(text, all_versions)
    if not candidates:
        refused = say(all_versions[0]) if all_versions else "the catalogue has none"
        return finding("F209", f"No layout of this message type is accepted here; {refused}.")
    return candidates[0]


def preferred(candidates: Sequence[Format], day: str | None = None) -> list[Format]:
    """Return the ``candidates`` that take files, those to be taken first at the front (see rule 3)."""

    def rank(each: Format) -> tuple[bool, bool]:
        timely = day is None or is_in_force(day, each.effective_from, each.effective_until)
        return each.status is Status.DRAFT, not timely

    newest_first = sorted(candidates, key=lambda each: each.version, reverse=True)
    return sorted((each for each in newest_first if each.status is not Status.RETIRED), key=rank)


def recognises(definition: Format, seen: Mapping[str, str]) -> bool:
    """Return whether ``seen``, the probe's answer to ``definition``, is this version's.

    A format that has nothing to be told by recognises nothing.
    """
    reference = definition.envelope.format_version
    if reference is not None:
        return seen.get(str(reference), "").strip() in version_texts(definition)
    if definition.kind is Kind.DELIMITED and definition.dialect.header_row:
        return seen.get("heading") == heading(definition)
    if definition.kind is Kind.XML and definition.dialect.root is not None:
        return seen.get("root") == root(definition)
    return False


def version_texts(definition: Format) -> tuple[str, ...]:
    """Return the texts in the version field that mean ``definition``'s version."""
    return definition.envelope.version_values or (str(definition.version),)


def heading(definition: Format) -> str:
    """Return the headings of ``definition``'s columns, joined by its delimiter."""
    rows = next(
        (each for each in definition.record_types if each.discriminator is None), definition.record_types[0]
    )
    return definition.dialect.delimiter.join(each.heading or each.name for each in rows.fields)


def root(definition: Format) -> str:
    """Return the root element of ``definition`` as ``{namespace}local``, or ``local`` without one."""
    namespace = definition.dialect.namespace
    return f"{{{namespace}}}{definition.dialect.root}" if namespace else str(definition.dialect.root)


def _stated(
    candidates: Sequence[Format],
    all_versions: Sequence[Format],
    stated: str,
    how: str,
    say: Callable[[Format], str],
) -> Format | Finding:
    for candidate in candidates:
        if str(candidate.version) == stated or stated in candidate.envelope.version_values:
            return candidate
    for other in all_versions:
        if str(other.version) == stated or stated in other.envelope.version_values:
            return _not_accepted(other, say)
    source = "file name" if how == "name" else "route"
    return _unknown(stated, all_versions, f"The {source}")


def _readable_version(all_versions: Sequence[Format], probe: Probe) -> str | None:
    """Return the text that some version finds in its version field."""
    for each in all_versions:
        reference = each.envelope.format_version
        text = probe(each).get(str(reference), "").strip() if reference is not None else ""
        if text:
            return text
    return None


def _not_accepted(found: Format, say: Callable[[Format], str]) -> Finding:
    if found.status is Status.RETIRED:
        message = f"The file has the layout {found.name}, which is retired."
    else:
        message = f"The file has the layout {found.name}; {say(found)}."
    return finding("F209", message, value=str(found.version))


def _route_accepts(candidates: Sequence[Format], _found: Format) -> str:
    accepted = sorted((each.version for each in candidates), reverse=True)
    return f"the route accepts: {', '.join(map(str, accepted)) or 'none'}"


def _unknown(text: str, all_versions: Sequence[Format], source: str = "The file") -> Finding:
    known = ", ".join(value for each in all_versions for value in version_texts(each)) or "none"
    return finding("F208", f"{source} states version {text!r}; the catalogue knows: {known}.", value=text)
