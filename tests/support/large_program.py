"""Programs of many steps with everything in them that a picture has to show: groups, loops and arms. Always the same."""

from __future__ import annotations

import random

_HEAD = '''"""A made-up pipeline of {steps} steps."""

from pipec.sdk import pipeline, step


@step
def extract(table: str, day: int) -> list[int]:
    """Reads one table of the warehouse."""
    return [day] * 3


@step
def clean(rows: list[int]) -> list[int]:
    """Leaves out what cannot be right."""
    return rows


@step
def join(left: list[int], right: list[int]) -> list[int]:
    """Puts two tables together."""
    return left + right


@step
def score(row: int) -> int:
    """Rates one row."""
    return row


@step
def count(rows: list[int]) -> int:
    """How many rows there are."""
    return len(rows)


@step
def alert(rows: list[int]) -> list[int]:
    """Tells somebody that too little came."""
    return rows


@step
def publish(rows: list[int]) -> None:
    """Makes the result visible."""


@pipeline
def tidy(rows: list[int]):
    return clean(clean(rows))


@pipeline
def warehouse(day: int = 1):
    """Builds the warehouse of one day."""
'''


def large_program(steps: int) -> str:
    """A program whose pipeline `warehouse` calls about `steps` steps, never fewer."""
    draw = random.Random(steps)
    lines: list[str] = []
    tables: list[str] = []
    unused: list[str] = []
    made = 0

    def bind(call: str, cost: int) -> str:
        nonlocal made
        name = f"t{len(lines)}"
        lines.append(f"    {name} = {call}")
        tables.append(name)
        unused.append(name)
        made += cost
        return name

    for number in range(max(2, steps // 12)):
        bind(f'extract("table_{number}", day)', 1)
    while made < steps - 1:
        # Mostly what nothing has read yet, so that the graph is as wide as it is deep.
        left = unused.pop(0) if unused and draw.random() < 0.8 else draw.choice(tables)
        right = draw.choice(tables[-max(8, steps // 6) :])
        kind = draw.random()
        if kind < 0.62 or made > steps - 6:
            bind(f"join({left}, {right})" if left != right else f"clean({left})", 1)
        elif kind < 0.78:
            bind(f"tidy({left})", 2)
        elif kind < 0.9:
            bind(f"[score(row) for row in {left}]", 1)
        else:
            rows = f"n{len(lines)}"
            lines.append(f"    {rows} = count({left})")
            name = f"t{len(lines)}"
            lines.append(
                f"    if {rows} > 2:\n        {name} = join({left}, {right})\n    else:\n        {name} = alert({left})"
            )
            tables.append(name)
            unused.append(name)
            made += 3
    lines.append(f"    publish({tables[-1]})")
    return _HEAD.format(steps=steps) + "\n".join(lines) + "\n"
