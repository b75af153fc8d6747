from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline
def p(fast: bool = True):
    fit = train.with_options(enable_cache=False)
    second = fit.with_options(name="second", parameters={"y": 5})
    model = fit(1)
    second(**{"x": model})
    found = log(1)
    log(2, after=[found, model.invocation_id])
    score.after(log)
    score(model)
    for one in (train, score):
        one(3)
    maker = lambda step, value: step(value)
    maker(log, 4)
