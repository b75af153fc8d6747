from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(n: int = 3, fast: bool = True):
    train(1 if fast else 2, n or 5)
    model = train(1) if fast and n > 2 else train(2)
    done = fast and log(model)
    report(model if n else None)
