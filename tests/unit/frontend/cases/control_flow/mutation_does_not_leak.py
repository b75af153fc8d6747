from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(a: bool = False):
    state = {"xs": [1]}
    if a:
        state["xs"].append(2)
        log(state)
    else:
        log(state)
    log(state["xs"][0])
