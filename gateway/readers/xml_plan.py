"""From a definition's element paths to a tree of steps that one walk over a record can follow.

Paths of record types are absolute (``/Orders/Order``); a type whose path runs through a
business record is nested in it. Paths of fields start at the record: ``Quantity``,
``Quantity/@unit``, ``@id``, ``.``. Unprefixed names are in the dialect's namespace, attributes in
none; ``{urn:x}Name`` names another namespace and ``{}Name`` none. A path with a predicate or
wildcard (``Property[ID='Colour']/Value``) is looked up by lxml's own path language instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.formats.definition import Field, Format, RecordType, Role

#: Attributes in them are never strangers: they say something about the document, not in it.
FREE_NAMESPACES = ("{http://www.w3.org/2001/XMLSchema-instance}", "{http://www.w3.org/XML/1998/namespace}")

_STEP = re.compile(r"(?:\{[^}]*\})?[^/{}\[]+(?:\[[^\]]*\])?|(?<=/)(?=/)")
_SIMPLE = re.compile(r"(?:\{[^}]*\})?[^/{}\[\]*]+")

Steps = tuple[str, ...]


@dataclass(slots=True)
class Step:
    """One element below a record: what it holds, and what may stand in it."""

    children: dict[str, Step] = field(default_factory=dict)
    attributes: dict[str, int] = field(default_factory=dict)  #: attribute -> column
    text: int | None = None  #: column of the element's text
    record: TypePlan | None = None  #: the element is a record of a nested type
    opaque: bool = False  #: only looked into by a path with predicates

    def child(self, tag: str) -> Step:
        """Return the step for ``tag``, making it where there is none."""
        return self.children.setdefault(tag, Step())

    def descend(self, tags: Steps) -> Step:
        """Return the step that ``tags`` lead to, making those that are not there."""
        step = self
        for tag in tags:
            step = step.child(tag)
        return step


@dataclass(slots=True)
class TypePlan:
    """How the records of one type are found and read."""

    kind: RecordType
    steps: Steps  #: absolute path as qualified names
    root: Step
    namespace: str | None  #: of unprefixed names
    lookups: list[tuple[int, str, str | None]]  #: column, path with predicates, attribute

    @property
    def is_unit(self) -> bool:
        """Whether its elements are taken out of the tree when they are complete."""
        return self.kind.role is Role.RECORD


@dataclass(slots=True)
class DocumentPlan:
    """All record types of a definition; ``outer`` are those not nested in a business record."""

    root: str | None  #: qualified name of the root element, None: any
    plans: list[TypePlan]
    outer: dict[Steps, TypePlan]
    shell: Step  #: from the document to the outer records: what may stand around them

    @property
    def names(self) -> frozenset[str]:
        """The local names of all elements that are records."""
        return frozenset(local(plan.steps[-1]) for plan in self.plans)

    @property
    def units(self) -> frozenset[str]:
        """The local names of the elements that are taken out of the tree, records within and all."""
        return frozenset(local(plan.steps[-1]) for plan in self.outer.values() if plan.is_unit)


def local(tag: str) -> str:
    """Return ``tag`` without its namespace."""
    return tag.rpartition("}")[2]


def qualified(name: str, namespace: str | None) -> str:
    """Return ``name`` as lxml writes it: ``{namespace}name``, or bare where there is no namespace."""
    if name.startswith("{}"):
        return name[2:]
    return name if name.startswith("{") or not namespace else f"{{{namespace}}}{name}"


def document_plan(definition: Format) -> DocumentPlan:
    """Return how the documents of ``definition`` are read."""
    namespace = definition.dialect.namespace
    plans = [_type_plan(kind, namespace) for kind in definition.record_types if kind.path]
    outer = {}
    for plan in plans:
        holder = _holder(plan, plans)
        if holder is None:
            outer[plan.steps] = plan
        else:
            _attach(plan, holder)
    shell = _mark(Step(), outer)
    root = definition.dialect.root
    first = qualified(root, namespace) if root else (plans[0].steps[0] if plans else None)
    return DocumentPlan(first, plans, outer, shell)


def _type_plan(kind: RecordType, namespace: str | None) -> TypePlan:
    steps = tuple(qualified(step, namespace) for step in _STEP.findall((kind.path or "").lstrip("/")))
    plan = TypePlan(kind, steps, Step(), namespace, [])
    for column, item in enumerate(kind.fields):
        _add_field(plan, column, item, namespace)
    return plan


def _add_field(plan: TypePlan, column: int, item: Field, namespace: str | None) -> None:
    steps = _STEP.findall(item.path or item.name)
    attribute = steps.pop()[1:] if steps[-1].startswith("@") else None
    elements = [step for step in steps if step != "."]
    if not all(_SIMPLE.fullmatch(step) and step != ".." for step in elements):
        plan.lookups.append((column, "/".join(steps), attribute))
        first = elements[0].partition("[")[0]
        plan.root.child(qualified(first, namespace)).opaque = True
        return
    step = plan.root.descend(tuple(qualified(name, namespace) for name in elements))
    if attribute is None:
        step.text = column
    else:
        step.attributes[attribute.removeprefix("{}")] = column


def _holder(plan: TypePlan, plans: list[TypePlan]) -> TypePlan | None:
    """Return the nearest type whose records contain those of ``plan``, within a business record."""
    around = [p for p in plans if p is not plan and p.steps == plan.steps[: len(p.steps)]]
    around = [p for p in around if len(p.steps) < len(plan.steps)]
    if not any(p.is_unit for p in around):
        return None
    return max(around, key=lambda p: len(p.steps))


def _mark(shell: Step, outer: dict[Steps, TypePlan]) -> Step:
    """Let every outer type know the others that stand within it, and ``shell`` all of them."""
    for plan in outer.values():
        for steps, step in [((), shell), *((p.steps, p.root) for p in outer.values())]:
            if plan.steps[: len(steps)] == steps and plan.steps != steps:
                step.descend(plan.steps[len(steps) :]).opaque = True
    return shell


def _attach(plan: TypePlan, holder: TypePlan) -> None:
    holder.root.descend(plan.steps[len(holder.steps) :]).record = plan
