from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline
def p(kinds: list[str]):
    for i, kind in enumerate(kinds):
        train(kind, id=f"train_{i}")
