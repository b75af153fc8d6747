"""Every kind of expression over parameters: what consumes them computes them, as Python would."""

from typing import Annotated

from pipec.sdk import pipeline, step


@step
def collect(
    numbers: list[int | float],
    texts: list[str],
    truths: list[bool],
    parts: list[object],
    mapping: dict[str, object],
) -> Annotated[str, "text"]:
    return repr((numbers, texts, truths, parts, mapping))


@pipeline
def expressions(
    n: int = 7, x: float = 2.5, name: str = "Ada", flag: bool = False, items: list[int] = [3, 1, 2], maybe: int | None = None
) -> str:
    """Arithmetic, comparisons, text, indexing, conditional expressions."""
    return collect(
        numbers=[n + 1, n - x, n * 2, n / 2, n // 2, n % 4, n**2, -n, +n, abs(-x), round(x), len(items), sum(items), max(n, 9)],
        texts=[
            f"{name}!", f"{n:04d}|{x:.3f}|{name!r:>8}", name.upper(), "-".join([name, "b"]), "{}:{}".format(name, n),
            name + "x", name * 2, str(n), name[0], "on" if flag else "off", name or "nobody",
        ],
        truths=[n > 3, n == 7, n != 7, 1 < n < 9, not flag, flag or n > 1, flag and n > 1, n in [1, 7], maybe is None, bool(n)],
        parts=[items[0], items[n - 7], [*[n], x], (n, name), maybe],
        mapping={"a": n, "b": {"c": [x, name]}},
    )
