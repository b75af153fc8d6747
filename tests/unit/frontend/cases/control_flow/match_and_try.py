from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


KIND = "b"


@pipeline
def p(n: int = 1):
    try:
        import fast_training
    except ImportError:
        fast_training = None
    match KIND:
        case "a":
            train(1)
        case "b" | "c" if n:
            train(2)
        case _:
            train(3)
