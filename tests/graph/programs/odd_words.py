"""Names and texts that the languages of pictures take for their own, and what waits without reading."""

from pipec.sdk import pipeline, step


@step
def end(x: str) -> str:
    return x


@step
def graph(x: str) -> str:
    return x


@step
def deeper(x: int, y: str) -> int:
    return x


@pipeline
def odd_words(kind: str = "a", names: list[str] = ["a"], sizes: list[int] = [1], is_slow: bool = False):
    """Shows <quotes> & "ampersands"."""
    first = end("x")
    if kind == 'say "hi" <b>#1</b> `now` \\n':
        graph("said", id="click")
    elif is_slow:
        graph("slow", id="a-b c", after=[first])
    for name in names:
        for size in sizes:
            deeper.with_options(name=f"deep_{name}")(size, name)
    end("last", after=["click", "x"], id="o") if False else graph("last", after=[first], id="o")
