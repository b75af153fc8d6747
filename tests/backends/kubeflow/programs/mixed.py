from pipec.sdk import pipeline, step


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step
def double(n: int) -> int:
    return 2 * n


@step
def describe(n: int) -> str:
    return f"<{n}>"


@step
def join(parts: list[str], extra: str) -> str:
    return ", ".join([*parts, extra])


@step
def merge(rows: list[list[int]], texts: list[str]) -> str:
    return f"{rows} {texts}"


@pipeline
def mixed(n: int = 3, stop: int = 1) -> str:
    """Loops in loops, conditions in loops and loops in conditions."""
    rows = []
    texts = []
    for i in numbers(n):
        rows.append([double(j) for j in numbers(i)])
        if i > stop:
            text = describe(i)
        else:
            text = "short"
        texts.append(text)
    if n > 2:
        found = []
        for text in texts:
            found.append(join([text], "end"))
        summary = join(found, "all")
    else:
        summary = "little"
    return join([merge(rows, texts)], summary)
