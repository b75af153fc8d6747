from steps import log, names, report, train

from pipec.sdk import pipeline


@pipeline
def p(fast: bool = True):
    scores = {"base": train(0)}
    for name in names():
        scores[name] = train(name)
    more = scores | {"last": train(1)}
    if fast:
        more["fast"] = train(2)
    report(more)
    report({**more, "base": 1}["base"])
    report(more.get("fast"))
    log("fast" in more)
    log(not more)
    log(more == {})
    for name in more:
        log(name)
