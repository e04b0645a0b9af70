"""The comparison of two schemas as files: both normalised, walked, and what only the files show."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.compare.change import Change, Judgement, Verdict
from gateway.formats.compare.json_schema.judging import Judge, Place
from gateway.formats.compare.json_schema.normal import Normal, normal
from gateway.formats.compare.json_schema.proofs import Prover
from gateway.formats.compare.json_schema.walk import Walk
from gateway.formats.json_schemas import DRAFTS, SchemaFiles, validator

ROOT = "schema.json#"


def compare_files(old: SchemaFiles, new: SchemaFiles) -> list[Change]:
    """Return every change from ``old`` to ``new``, by path.

    Raises FormatError where a schema is not valid or a reference leads nowhere.
    """
    validators = (validator(old), validator(new))
    mine, other = normal(old, "a"), normal(new, "b")
    prover = Prover({**mine.definitions, **other.definitions})
    root = Place(ROOT, ({"$ref": mine.root}, {"$ref": other.root}))
    found = Walk(prover, Judge(prover, validators)).run(root)
    return [*_draft(old, new), *_unused(old, mine, new, other), *found]


def _draft(old: SchemaFiles, new: SchemaFiles) -> Iterator[Change]:
    """Yield the change of the draft; what the drafts read differently is compared by its meaning."""
    if old.draft == new.draft:
        return
    verdict, why = Verdict.OK, "Both drafts are compared by what they take and refuse."
    if 4 in (old.draft, new.draft):
        verdict = Verdict.REVIEW
        why = "In draft 4 a number such as 1.0 is no integer, in later drafts it is one."
    names = {number: uri for uri, number in DRAFTS.items()}
    both = Judgement(verdict, why)
    kind = "schema-documentation" if verdict is Verdict.OK else "schema-condition"
    yield Change(kind, f"{ROOT}/$schema", names[old.draft], names[new.draft], both, both)


def _unused(old: SchemaFiles, mine: Normal, new: SchemaFiles, other: Normal) -> Iterator[Change]:
    """Yield definitions of the main files that only one has, and that its root does not reach."""
    names = [_definitions(files, reached) for files, reached in ((old, mine), (new, other))]
    fine = Judgement(Verdict.OK, "No value of a document is described by it.")
    for name in sorted(names[0].keys() ^ names[1].keys()):
        if not (names[0].get(name) or names[1].get(name)):
            kind = "schema-declaration-added" if name in names[1] else "schema-declaration-removed"
            texts = [name if name in each else None for each in names]
            yield Change(kind, f"{ROOT}/definitions/{name}", texts[0], texts[1], fine, fine)


def _definitions(files: SchemaFiles, reached: Normal) -> dict[str, bool]:
    """Return the definitions of the main file, each with whether its root reaches it."""
    used = {name.partition(" ")[2] for name in reached.definitions}
    return {
        name: f"{files.uri}#/{keyword}/{name}" in used
        for keyword in ("definitions", "$defs")
        for name in files.contents.get(keyword, ())
    }
