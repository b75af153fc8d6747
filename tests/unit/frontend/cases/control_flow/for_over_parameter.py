from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(kinds: list[str] = ["a", "b"]):
    models = []
    for kind in kinds:
        models.append(train(kind))
    return report(models)
