from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline
def p(big: bool = False, n: int = 3, name: str = "x"):
    chosen = train if big else score
    chosen(n)
    log(name, id=f"log_{name}")
    if n < 1:
        raise ValueError("too few")
