from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(a: bool = False, b: bool = True):
    results = [train(0)]
    if a:
        results.append(train(1))
    if b:
        results.append(train(2))
    results.append(train(3))
    report(results)
    report(len(results))
