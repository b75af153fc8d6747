from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(dry: bool = False):
    data = load()
    if dry:
        return report(data)
    model = train(data)
    return report(model)
