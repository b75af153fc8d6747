"""A step fails; what does not depend on it goes on."""

from pipec.sdk import pipeline, step


class Rotten(ValueError):
    pass


@step
def bad(word: str) -> str:
    raise Rotten(f"no {word}\n{{{{ run_id }}}}")


@step
def good(word: str) -> str:
    return word


@pipeline
def failing(word: str = "rows") -> str:
    broken = bad(word)
    good(broken, id="after_bad")
    return good(word, id="beside")
