"""`pipec artifacts`: registered artifacts. The executor, which keeps them, carries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.registry import find_executor

if TYPE_CHECKING:
    import argparse


def run(parsed: argparse.Namespace) -> int:
    """Carry it out."""
    return find_executor().inspect("artifacts", parsed)
