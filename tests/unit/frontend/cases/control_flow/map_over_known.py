from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline(dynamic=True)
def p():
    report(train.map(x=["a", "b"], y=unmapped([1, 2])))
    report(train.product(["a"], (1, 2)))
    report(train.map(["a", "b"], max_parallelism=1))
    left, right = split.map(x=[1, 2]).unpack()
    report(left)
