"""Arithmetic, text and look-ups over parameters and results are computed as Python computes them.

run
  ran: size, use
  outputs: {"use": ["run-7", 14, 3, -4, 1.5, true, "b", "7|  7|0007"]}
run n=-7 names=["x", "y", "z"]
  ran: size, use
  outputs: {"use": ["run--7", -14, -4, 3, -2.0, false, "y", "-7| -7|-007"]}
"""
from pipec.sdk import pipeline, step


@step
def size(n: int) -> int:
    return n


@step
def use(values: list) -> list:
    return values


@pipeline
def program(n: int = 7, names: list[str] = ["a", "b"]) -> list:
    s = size(n)
    return use([f"run-{n}", s * 2, n // 2, -s // 2, (n + 2) / 6 if n > 0 else float(n // 3) + 1, n > 0 and s > 0, names[1], f"{n}|{n:3d}|{n:04d}"])
