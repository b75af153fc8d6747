"""Loops in loops: the inner one over a result, the outer one going on after it; conditions around both."""

from pipec.sdk import pipeline, step


@step
def rows(count: int) -> list[int]:
    return list(range(count))


@step
def cells(row: int) -> list[str]:
    return [f"{row}.{i}" for i in range(row)]


@step
def prepare(row: int) -> str:
    return f"p{row}"


@step
def train(prepared: str, cell: str) -> str:
    return f"{prepared}:{cell}"


@step
def check(trained: str) -> str:
    return f"{trained}!"


@step
def best(trained: list[str], prepared: str) -> str:
    return f"[{prepared} {len(trained)} {' '.join(trained)}]"


@step
def report(bests: list[str], everything: list[list[str]], checked: list[str], numbers: list[int]) -> str:
    return f"{bests} {everything} {checked} {numbers}"


@pipeline
def nested_loops(count: int = 4, skipped: int = 2) -> str:
    bests = []
    everything = []
    checked = []
    numbers = []
    for row in rows(count):
        prepared = prepare(row)
        tried = []
        for cell in cells(row):
            trained = train(prepared, cell)
            tried.append(trained)
            if row != skipped:
                checked.append(check(trained))
        everything.append(tried)
        bests.append(best(tried, prepared))
        if row > skipped:
            for number in [10, 20]:
                numbers.append(row + number)
    return report(bests, everything, checked, numbers)
