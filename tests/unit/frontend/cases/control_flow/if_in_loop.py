from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(kinds: list[str], fast: bool = True):
    models = [train(0)]
    for kind in kinds:
        if kind == "skip":
            continue
        if fast:
            model = train(kind)
        else:
            model = train(kind, 5)
        models.append(model)
    report(models)
