"""From claims to verdicts: what is claimed to be refused is put to the test on a document that shows it.

``breaking`` and ``silent`` are said only with a document that libxml2 found valid under the writer's set
and refused, or accepted, under the reader's. Where the namespaces of the sets differ, every document of the
one is refused by the other; all else is judged as if they were the same, on the document in the reader's
namespaces.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.formats.compare.change import Change, Demand, Judgement, Verdict
from gateway.formats.compare.xsd.drafts import PLACE, VALUES, Claim, Draft, Holds
from gateway.formats.compare.xsd.instances import Impossible, Shape
from gateway.formats.compare.xsd.matching import Side
from gateway.formats.compare.xsd.writing import Node, Writing

_TRIES = 24  #: documents that are made for one claim
_SHOWN = 60  #: characters of an example
_ANYWHERE = 6  #: types in which a change is looked for
_NO_PROOF = "No document was found that proves it."
_WILD = "Documents hold it only where a wildcard lets any element in; that was not tried."
_UNUSABLE = "The schema of one version cannot be loaded, so nothing was proved."


@dataclass(frozen=True)
class Judge:
    """Judges claims about documents of ``writer`` under ``reader``."""

    writer: Side
    reader: Side
    forms: frozenset[str] = frozenset()  #: namespaces whose local names are qualified in one set only

    @functools.cached_property
    def _reading(self) -> Writing:
        return Writing(self.reader.names, dict.fromkeys(self.forms, True))

    @functools.cached_property
    def _is_renamed(self) -> bool:
        return dict(self.writer.names) != dict(self.reader.names) and any(
            self.writer.names.get(name, name) != self.reader.names.get(name, name)
            for name in (*self.writer.names, *self.reader.names)
        )

    def judge(self, draft: Draft, claim: Claim) -> Judgement:
        """Return the judgement on ``claim``, proved where it is more than a review."""
        if self.writer.compiled is None or self.reader.compiled is None:
            return Judgement(Verdict.REVIEW, f"{claim.why} {_UNUSABLE}")
        if claim.holds is Holds.OK:
            return Judgement(Verdict.OK, claim.why)
        if not self._possible(draft):
            return Judgement(Verdict.OK, "No document of this version can hold it.")
        for number, (shape, node) in enumerate(self._nodes(draft, claim)):
            proved = self._proved(node, claim, _example(shape))
            if proved is not None:
                return proved
            if number >= _TRIES:
                break
        if claim.holds is Holds.OPEN:
            return Judgement(Verdict.REVIEW, claim.why)
        return Judgement(Verdict.REVIEW, f"{claim.why} {_NO_PROOF if self._reached(draft) else _WILD}")

    def _reached(self, draft: Draft) -> bool:
        """Whether a document holds what changed by its declarations, not only where anything may stand."""
        return draft.element is not None or any(map(self.writer.maker.reaches, draft.types or [""]))

    def _possible(self, draft: Draft) -> bool:
        """Whether a document of the writer can hold what changed, as far as the declarations say."""
        if draft.element is not None or not draft.types or self.writer.maker.open:
            return True
        return self._reached(draft)

    def _nodes(self, draft: Draft, claim: Claim) -> Iterator[tuple[Shape, Node]]:
        maker = self.writer.maker
        for shape in claim.shapes:
            for key in draft.types[:_ANYWHERE] or [""]:
                try:
                    if draft.element is not None:
                        yield shape, maker.root(draft.element, shape)
                    elif draft.by_name:
                        yield shape, maker.standing_for(key)
                    else:
                        yield shape, maker.document(key, shape)
                except Impossible:
                    continue

    def _proved(self, node: Node, claim: Claim, example: str | None) -> Judgement | None:
        """Return the judgement that the document ``node`` proves, None where it proves nothing."""
        # The second as the reader has it: in its namespaces, local names qualified as there.
        document, as_read = Writing(self.writer.names).both(self._reading, node)
        if self.writer.takes(document) is not True:
            return None
        taken = self.reader.takes(as_read)
        demand = Demand(document=document)
        said = claim.why
        if example is not None and claim.holds is Holds.REFUSED and said.endswith(VALUES):
            said = f"{said.removesuffix('.')}, such as `{example}`."
        why = f"{said} (Judged as if the namespaces were the same.)" if self._is_renamed else said
        if taken is False:
            return Judgement(Verdict.BREAKING, why, demand)
        if taken is True and claim.holds is Holds.OTHERWISE:
            return Judgement(Verdict.SILENT, why, demand)
        return None

    def judge_unmapped(self, claim: Claim, nodes: Iterator[Node], names: dict[str, str]) -> Judgement:
        """Return the judgement on a change of names: documents as they stand, but for ``names``."""
        found = False
        for _, node in zip(range(_TRIES), nodes, strict=False):
            found = True
            document = self.writer.text(node)
            if self.writer.takes(document) and self.reader.takes(Writing(names).text(node)) is False:
                return Judgement(Verdict.BREAKING, claim.why, Demand(document=document))
        if found:
            return Judgement(Verdict.REVIEW, f"{claim.why} {_NO_PROOF}")
        return Judgement(Verdict.OK, "No document of this version has such names.")


def _example(shape: Shape) -> str | None:
    """Return the value that ``shape`` is about, shortened."""
    while shape.child is not None:
        shape = shape.child[1]
    texts = [text for _, text in shape.attributes if text is not None]
    text = shape.text if shape.text is not None else (texts[0] if texts else None)
    return text if text is None or len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def change_of(draft: Draft, forwards: Judge, backwards: Judge) -> Change:
    """Return ``draft`` with both verdicts."""
    return Change(
        draft.kind,
        draft.path.replace(PLACE, ""),
        draft.old,
        draft.new,
        forwards.judge(draft, draft.forwards),
        backwards.judge(draft, draft.backwards),
    )
