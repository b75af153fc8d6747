from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(n: int = 3):
    for i in range(n):
        log(i)
    for i in range(1, count()):
        log(i)
