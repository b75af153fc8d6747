from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline(dynamic=True)
def p(kinds: list[str], rates: list[float]):
    report(train.map(kinds, rates, max_parallelism=2))
    report(train.product(x=kinds, y=rates))
    log.map(kinds, after="report")
    left, right = split.map(x=kinds).unpack()
    report(left)
    report(right)
