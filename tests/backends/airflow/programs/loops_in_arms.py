"""Loops in arms and arms around loops, groups in both; what waits for them without reading them."""

from pipec.sdk import pipeline, step


@step
def numbers(count: int) -> list[int]:
    return list(range(count))


@step
def double(value: int) -> int:
    return value * 2


@step
def inc(value: int) -> int:
    return value + 1


@step
def join(values: list[int], word: str) -> str:
    return f"{word} {values}"


@step
def last(text: str, final: int) -> str:
    return f"{text} {final}"


@pipeline
def twice(value: int) -> int:
    return inc(double(value))


@pipeline
def loops_in_arms(count: int = 3, kind: str = "loop") -> str:
    found = numbers(count)
    word = "none"
    if kind == "loop":
        values = [twice(value) for value in found]
        word = "loop"
    elif kind == "odd":
        odd = [0]
        for value in found:
            if value % 2 == 1:
                odd.append(twice(value))
            else:
                odd.append(inc(value))
        values = odd
    else:
        values = [0]
    text = join(values, word)
    final = inc(count, after=text)
    return last(text, final)
