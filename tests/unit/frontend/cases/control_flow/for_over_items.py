from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(grid: dict[str, float] = {"a": 0.1}):
    models = {}
    for name, rate in grid.items():
        models[name] = train(name, rate)
    report(models)
