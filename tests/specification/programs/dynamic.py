from zenml import pipeline, step


@step
def load_data() -> list[float]:
    return [1.0, 2.0]


@step
def train_model(data: list[float], model_type: str) -> float:
    return len(model_type) * sum(data)


@step
def select_best(models: list[float]) -> float:
    return max(models)


@pipeline(dynamic=True)
def dynamic_pipeline(model_types: list[str] = ["forest", "linear"]):
    data = load_data()
    models = []
    for model_type in model_types:
        model = train_model.with_options(name=f"train_{model_type}")(data, model_type)
        models.append(model)
    return select_best(models)
