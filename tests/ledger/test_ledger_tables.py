"""How the tables' indexes are written for each database."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_mock_engine

from gateway.ledger.tables import metadata


@pytest.mark.parametrize(
    ("url", "hashes"),
    [
        pytest.param("sqlite://", [], id="ordered"),
        pytest.param("postgresql+psycopg://", ["(interchange_key)", "(key)"], id="hashed"),
    ],
)
def test_each_database_gets_its_own_indexes(url: str, hashes: list[str]) -> None:
    """Partial indexes are partial everywhere, and long keys are hashed where ordered indexes refuse them."""
    written: list[str] = []
    engine: Any = create_mock_engine(
        url, lambda statement, *_more: written.append(str(statement.compile(dialect=engine.dialect)))
    )
    metadata.create_all(engine, checkfirst=False)
    indexes = sorted(one for one in written if one.startswith("CREATE INDEX"))
    assert [one.partition("USING hash ")[2] for one in indexes if "USING" in one] == hashes[::-1]
    assert [one.partition(" WHERE ")[2] for one in indexes if "WHERE" in one] == [
        "object_type != 'transfer'",
        "state = 'failed' AND superseded_by IS NULL",
    ]
