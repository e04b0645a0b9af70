"""The difference between two configurations, as the audit trail keeps it."""

from __future__ import annotations

from gateway.config.changes import Change, changes


def test_every_key_that_differs_is_named() -> None:
    """A change shall be named by its path, with what it was and what it is."""
    old = {"site": {"name": "a", "interval": "30s"}, "routes": {"x": {"enabled": True}}, "schema": 1}
    new = {"site": {"name": "b", "interval": "30s"}, "routes": {"y": {"enabled": 1}}, "schema": True}
    assert changes(old, new) == [
        Change("routes.x", {"enabled": True}, None),
        Change("routes.y", None, {"enabled": 1}),
        Change("schema", 1, True),
        Change("site.name", "a", "b"),
    ]


def test_what_is_the_same_is_no_change() -> None:
    """Two equal configurations shall differ in nothing, a list in another order in one thing."""
    same = {"alerts": [{"to": ["a", "b"]}]}
    assert changes(same, {"alerts": [{"to": ["a", "b"]}]}) == []
    assert changes(same, {"alerts": [{"to": ["b", "a"]}]}) == [
        Change("alerts", [{"to": ["a", "b"]}], [{"to": ["b", "a"]}])
    ]
