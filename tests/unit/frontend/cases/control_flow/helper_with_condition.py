from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


def pick(n, models):
    if n > 3:
        models.append(train(n))
        return train("big")
    return train("small")


@pipeline
def p(n: int = 3):
    models = []
    report(pick(n, models))
    report(models)
