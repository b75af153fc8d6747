from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline(dynamic=True)
def p():
    models = train.map(x=names(), y=unmapped(numbers()))
    report(models)
    report(models.load())
    for model in models:
        score(model)
