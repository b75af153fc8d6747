from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline
def p(kind: str = "a"):
    match kind:
        case "a" | "b":
            model = train(1)
        case "c":
            model = train(2)
        case other:
            model = train(other)
    report(model)
