from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p():
    scores = {}
    for name in names():
        model = train(name)
        scores[name] = score(model)
    report(scores)
