from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(kinds: list[str], rates: list[float]):
    for i, kind in enumerate(kinds):
        log(f"{i}-{kind}")
    models = []
    for i, (kind, rate) in enumerate(zip(kinds, rates), start=1):
        models.append((kind, train(i, rate)))
    report(models)
