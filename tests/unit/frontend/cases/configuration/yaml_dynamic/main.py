from zenml import get_pipeline_context, pipeline, step


@step
def load() -> list[int]:
    return [1, 2]


@step
def scale(x: int, factor: int = 1) -> int:
    return x * factor


@step
def show(model: object, xs: list[int]) -> None: ...


@pipeline(dynamic=True)
def training():
    scaled = scale.map(load())
    show(get_pipeline_context().model.get_artifact("net"), scaled)
