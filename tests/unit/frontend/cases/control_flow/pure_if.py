from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(n: int = 3, name: str | None = None):
    if name is None:
        name = "default"
    if n > 5:
        n = 5
        rate = 0.1
    else:
        rate = 0.2
    train(n, rate)
    log(name)
