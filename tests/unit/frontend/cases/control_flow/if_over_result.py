from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p():
    if count() > 2:
        log(1)
