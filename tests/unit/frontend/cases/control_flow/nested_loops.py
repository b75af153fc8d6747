from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(kinds: list[str], rates: list[float]):
    best = []
    for kind in kinds:
        tried = []
        for rate in rates:
            tried.append(train(kind, rate))
            best.append(score(tried[-1]))
        log(tried)
    report(best)
