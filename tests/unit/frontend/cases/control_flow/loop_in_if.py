from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(kinds: list[str], fast: bool = True):
    models = []
    if fast:
        for kind in kinds:
            models.append(train(kind))
    else:
        models.append(train("all"))
    report(models)
