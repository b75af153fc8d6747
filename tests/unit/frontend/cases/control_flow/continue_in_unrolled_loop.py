from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(skip: str = "a"):
    for name in ("a", "b"):
        if name == skip:
            continue
        log(name)
    log("end")
