"""`config check` holds a route's counter against what the format says of the sender's numbers."""

from __future__ import annotations

from tests.cli.plant import Plant


def test_a_route_that_counts_otherwise_than_the_sender_is_told(plant: Plant) -> None:
    """The check shall name a route whose counter goes on where the sender's numbers start again."""
    path = plant.directory / "formats" / "confirmation" / "2.0.0" / "format.yaml"  # a draft
    text = path.read_text(encoding="utf-8")
    numbering = "envelope:\n  sequence: {first: 1, last: 9999999, reset: yearly}\n"
    path.write_text(text.replace("envelope:\n", numbering, 1), encoding="utf-8")
    problems = {one["path"]: one for one in plant.json("config", "check")["problems"]}
    wrap = problems["routes.confirmations.sequence.wrap_after"]
    assert "confirmation 2.0.0 says otherwise: the numbers end at 9999999" in wrap["message"]
    assert "start again yearly" in problems["routes.confirmations.sequence.reset_to"]["message"]
