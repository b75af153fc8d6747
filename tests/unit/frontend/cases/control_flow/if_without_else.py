from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(n: int = 3):
    model = train()
    if n > 2:
        model = train(model)
    report(model)
