from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(a: bool = False):
    found = {"base": train(0), "other": 1}
    if a:
        found["base"] = train(1)
        found["more"] = train(2)
    report(found)
    log(found["base"])
