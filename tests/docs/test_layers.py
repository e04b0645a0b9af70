"""Imports point downwards only, as the table in docs/architecture.md says."""

from __future__ import annotations

import graphlib

import pytest

from tests.docs.layers import LAYERS, NEIGHBOURS, imports, modules, room_of

MODULES = modules()
HEIGHT = {room: height for height, layer in enumerate(reversed(LAYERS)) for room in layer.rooms}
LIBRARIES = {name for layer in LAYERS for name in layer.libraries}
#: They stand beside the house: the start of a fresh clone, and the package itself (its version).
BESIDE = {"", "__main__", "_bootstrap"}


def test_every_room_has_a_layer() -> None:
    """No room shall be built without a place in the house, and no place stand empty."""
    assert {room_of(module) for module in MODULES} - BESIDE == set(HEIGHT)


@pytest.mark.parametrize("room", sorted(HEIGHT))
def test_a_room_imports_from_lower_layers_only(room: str) -> None:
    """A room shall know what is below it, never its neighbours and never what is above."""
    wrong = []
    for module, path in MODULES.items():
        if room_of(module) != room:
            continue
        for name in imports(path, MODULES):
            other = room_of(name) if name.split(".")[0] == "gateway" else ""
            if other in ("", room) or (room, other) in NEIGHBOURS:
                continue
            if HEIGHT.get(other, len(LAYERS)) >= HEIGHT[room]:
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """There shall be no circle of imports, not even one for the type checker alone."""
    graph = {module: set(imports(path, MODULES)) & set(MODULES) for module, path in MODULES.items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == set(MODULES)


def test_outside_libraries_stay_in_their_rooms() -> None:
    """An outside library shall be imported by the rooms that the table names, and no others."""
    allowed = {room: set(layer.libraries) for layer in LAYERS for room in layer.rooms}
    wrong = []
    for module, path in MODULES.items():
        for name in imports(path, MODULES):
            library = name.split(".")[0]
            if library in LIBRARIES and library not in allowed.get(room_of(module), set()):
                wrong.append(f"{module} imports {library}")
    assert wrong == []


def test_the_start_of_a_fresh_clone_needs_nothing_but_python() -> None:
    """What installs the libraries shall import none of them, and nothing of the house but its errors."""
    start = {module: path for module, path in MODULES.items() if room_of(module) == "_bootstrap"}
    known = {name.split(".")[0] for path in start.values() for name in imports(path, MODULES)}
    assert not known & LIBRARIES
    house = {
        room_of(name) for path in start.values() for name in imports(path, MODULES) if "gateway." in name
    }
    assert house <= {"_bootstrap", "errors"}
