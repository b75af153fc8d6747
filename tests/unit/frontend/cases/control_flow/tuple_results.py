from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(a: bool = False):
    if a:
        left, right = split(1)
    else:
        right, left = split(2)
    both = split(3) if a else split(4)
    train(left, right)
    train(both[0], both[1])
