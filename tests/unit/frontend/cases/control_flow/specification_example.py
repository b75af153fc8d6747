from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline(dynamic=True)
def p(model_types: list[str] = ["tree", "linear"]):
    data = load()
    scores = []
    for model_type in model_types:
        model = train.with_options(name=f"train_{model_type}")(data, model_type)
        scores.append(score.with_options(name=f"score_{model_type}")(model))
    report(scores)
