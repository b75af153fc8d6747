"""Leaves a mark on the disk wherever it is imported."""

from pathlib import Path

with (Path(__file__).parent / "MARK").open("a", encoding="utf-8") as file:
    file.write(f"{__name__}\n")
