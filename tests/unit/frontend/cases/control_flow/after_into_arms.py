from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(fast: bool = True, kinds: list[str] = ["a"]):
    done = None
    if fast:
        done = log(1)
    log(2, after=done)
    log(3, after="log")
    last = [log(kind) for kind in kinds]
    log(4, after=last)
