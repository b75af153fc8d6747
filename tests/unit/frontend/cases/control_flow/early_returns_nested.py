from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(a: bool = False, b: bool = True):
    if a:
        if b:
            return report(1)
        log(1)
    log(2)
    return report(2)
