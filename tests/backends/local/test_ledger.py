"""The ledger is the executor's whole word."""

from __future__ import annotations

from pipec.backends.local.backend import backend
from pipec.compiler.backend import Support
from pipec.compiler.ir.features import Feature


def test_every_feature_has_a_row() -> None:
    assert set(backend.ledger) == set(Feature)
    assert all(row.note for row in backend.ledger.values())


def test_nothing_is_refused() -> None:
    assert Support.REFUSED not in {row.support for row in backend.ledger.values()}
