from pipec.sdk import pipeline, step


class Model:
    """What only pickle can carry, and only a step with this module can load."""

    def __init__(self, weight: float) -> None:
        self.weight = weight


@step
def train(weight: float) -> Model:
    return Model(weight)


@step
def tune(model: Model) -> Model:
    return Model(model.weight * 2)


@step
def weights(model: Model, models: list[Model]) -> str:
    return f"{model.weight} {[each.weight for each in models]}"


@step
def rates(n: int) -> list[float]:
    return [0.5] * n


@pipeline
def models(n: int = 2) -> str:
    """Models out of a condition with an arm of two steps, and out of a loop with a condition in it."""
    if n > 1:
        model = train(0.5)
        model = tune(model)
    else:
        model = train(0.25)
    found = []
    for rate in rates(n):
        other = train(rate)
        if n > 1:
            other = tune(other)
        found.append(other)
    return weights(model, found)
