from zenml import Model, pipeline, step

model = Model(name="customer_churn", version="production", tags=["classification"])


@step
def score() -> float:
    return 0.5


@pipeline(model=model, extra={"owner": "a"})
def model_pipeline():
    score()
