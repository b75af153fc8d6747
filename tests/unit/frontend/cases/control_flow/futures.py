from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline(dynamic=True)
def p():
    model = train.submit(1)
    model.wait()
    both = split.submit(2, after=model)
    left, right = both
    log(both.get_artifact("right"))
    log(both[0].load())
    if model.load() > 0.5 and left.result() < 3:
        log(names().chunk(0))
    for i in range(count().load()):
        log(i)
