from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(kinds: list[str], rates: list[float]):
    report([train(kind) for kind in kinds])
    report({kind: train(kind) for kind in kinds if kind != "skip"})
    report([train(kind, rate) for kind in kinds for rate in rates])
    report([train(kind, rate) for kind in kinds for rate in (0.1, 0.2)])
    report([*[train(0)], *[train(kind) for kind in kinds], train(1)])
