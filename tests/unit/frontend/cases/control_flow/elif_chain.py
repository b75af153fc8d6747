from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(kind: str = "a"):
    if kind == "a":
        model = train(1)
    elif kind == "b":
        model = train(2)
    elif kind in ("c", "d"):
        model = train(3)
    else:
        model = None
    return model
