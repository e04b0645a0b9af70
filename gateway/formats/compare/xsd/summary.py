"""The numbers of a schema comparison: what a person reads before the details."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.formats.compare.xsd.model import Complex, Particle, Schema, children, local


@dataclass(frozen=True, slots=True)
class SchemaSummary:
    """How many global declarations were added, removed and changed.

    A complex type counts as changed where a child element came or went, or may occur in other numbers; its
    attributes and values are counted by the changes themselves.
    """

    elements_added: int
    elements_removed: int
    elements_kept: int
    types_added: int
    types_removed: int
    types_changed: int
    types_kept: int  #: in both, changed or not
    simple_added: int
    simple_removed: int

    @classmethod
    def of(cls, old: Schema, new: Schema) -> SchemaSummary:
        """Return the summary of two schemas whose namespaces have the same names."""
        before, after = old.named(), new.named()
        # A chameleon declares its types once for each namespace that includes it: one by name counts.
        complex_old = _by_name({key: one for key, one in before.items() if isinstance(one, Complex)})
        complex_new = _by_name({key: one for key, one in after.items() if isinstance(one, Complex)})
        simple_old = {local(key) for key, one in before.items() if not isinstance(one, Complex)}
        simple_new = {local(key) for key, one in after.items() if not isinstance(one, Complex)}
        both = complex_old.keys() & complex_new.keys()
        changed = sum(_is_changed(complex_old[name].content, complex_new[name].content) for name in both)
        return cls(
            elements_added=len(new.elements.keys() - old.elements.keys()),
            elements_removed=len(old.elements.keys() - new.elements.keys()),
            elements_kept=len(old.elements.keys() & new.elements.keys()),
            types_added=len(complex_new.keys() - complex_old.keys()),
            types_removed=len(complex_old.keys() - complex_new.keys()),
            types_changed=changed,
            types_kept=len(both),
            simple_added=len(simple_new - simple_old),
            simple_removed=len(simple_old - simple_new),
        )

    def to_lines(self) -> list[str]:
        """Return the summary as lines for people."""
        complex_types = f"{self.types_added} added, {self.types_removed} removed, {self.types_changed} of"
        elements = f"{self.elements_added} added, {self.elements_removed} removed, {self.elements_kept} in"
        return [
            f"Complex types: {complex_types} {self.types_kept} changed in their child elements or numbers",
            f"Simple types: {self.simple_added} added, {self.simple_removed} removed",
            f"Elements: {elements} both versions",
        ]


def _is_changed(old: Particle | None, new: Particle | None) -> bool:
    return old != new and children(old) != children(new)


def _by_name(types: dict[str, Complex]) -> dict[str, Complex]:
    first: dict[str, str] = {}
    for key in types:
        first[local(key)] = min(first.get(local(key), key), key)
    return {name: types[key] for name, key in first.items()}
