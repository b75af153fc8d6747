from pipec.sdk import Model, get_pipeline_context, pipeline, step


@step
def score(model: object, scaler: object) -> float:
    return 0.5


@pipeline(model=Model(name="churn"))
def scoring():
    scaler = Model(name="scaling").get_artifact("scaler")
    score(get_pipeline_context().model.get_artifact("model"), scaler)
