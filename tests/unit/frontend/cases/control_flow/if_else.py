from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(fast: bool = True):
    if fast:
        model = train(1)
    else:
        model = train(2)
    return report(model)
