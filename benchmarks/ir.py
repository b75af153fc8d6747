"""What the IR costs: CPU of verifier, passes, printing, writing and reading at 1,000 and 10,000 calls, and the ratio.

Linear work has a ratio near 10. Run from the repository: `PYTHONPATH=compiler:tests/support python benchmarks/ir.py`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ir_builders import Builder, const, expr, item
from pipec.compiler.ir import json as ir_json
from pipec.compiler.ir.features import features_of
from pipec.compiler.ir.printer import print_pipeline
from pipec.compiler.ir.values import ListOf, Output
from pipec.compiler.ir.verifier import verify
from pipec.compiler.passes import run_passes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.ir.model import Operation, Pipeline

SIZES = (1_000, 10_000)
ROUNDS = 3
LAYER = 10


def program(calls: int) -> Pipeline:
    """Layers of ten calls: a chain, a fan-in, a group, a loop and a condition in each, and an edge between scopes."""
    b = Builder()
    b.step("first", "x=None", "output: list[int]")
    b.step("count", "x", "output: int")
    operations: list[Operation] = []
    for n in range(calls // LAYER):
        before = [f"count_{n - 1}"] if n else []
        first = b.call(f"first_{n}", step="first", after=before, x=const({"rate": 0.1, "names": ["a", "b"]}))
        chain = [
            b.call(f"a_{n}_{i}", step="a", x=Output(f"first_{n}", "output", b.out("first").type)) for i in range(3)
        ]
        fan_in = b.call(f"b_{n}", step="b", x=ListOf(tuple(b.out(call.id) for call in chain), b.out("first").type))
        inner = b.call(f"c_{n}", step="c", x=b.out(fan_in.id), after=[chain[0].id])
        group = b.group(f"group_{n}", inner, r=b.out(inner.id))
        each = b.call(f"d_{n}", step="d", x=item(f"loop_{n}"), y=b.out(group.id, "r"))
        items = Output(f"first_{n}", "output", b.out("first").type)
        loop = b.loop(f"loop_{n}", items, each, after=[inner.id], all=b.out(each.id))
        count = b.call(f"count_{n}", step="count", x=b.out(loop.id, "all"))
        condition = expr(">", Output(f"count_{n}", "output", b.out("count").type), const(n))
        arms = (condition, [b.call(f"e_{n}", step="e")]), (None, [b.call(f"f_{n}", step="f")])
        operations += [first, *chain, fan_in, group, loop, count, b.branch(f"if_{n}", *arms)]
    return b.pipeline(
        *operations, outputs={"last": Output(f"count_{calls // LAYER - 1}", "output", b.out("count").type)}
    )


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU, the least of a few rounds."""
    spent: list[float] = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return min(spent)


def main() -> None:
    """Prints one row for each kind of work."""
    print(f"{'':24}" + "".join(f"{size:>10,}" for size in SIZES) + f"{'ratio':>8}")
    programs = [program(size) for size in SIZES]
    written = [ir_json.write(pipeline) for pipeline in programs]
    rows: dict[str, Callable[[int], object]] = {
        "verify": lambda i: verify(programs[i]),
        "passes": lambda i: run_passes(programs[i], verify=False),
        "verify and passes": lambda i: run_passes(programs[i]),
        "features": lambda i: features_of(programs[i]),
        "print": lambda i: print_pipeline(programs[i]),
        "write JSON": lambda i: ir_json.write(programs[i]),
        "read JSON": lambda i: ir_json.read(written[i], "p.ir.json"),
    }
    for name, work in rows.items():
        costs = [cpu(lambda i=i, work=work: work(i)) for i in range(len(SIZES))]  # type: ignore[misc]
        print(f"{name:24}" + "".join(f"{cost:>9.3f}s" for cost in costs) + f"{costs[1] / costs[0]:>8.1f}")
    assert not run_passes(programs[0])[1], "the program has no faults"


if __name__ == "__main__":
    main()
