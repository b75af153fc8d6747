from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(kind: str = "a"):
    if kind == "a":
        model = train(1)
    elif kind == "b":
        return report(0)
    else:
        model = train(2)
    return report(model)
