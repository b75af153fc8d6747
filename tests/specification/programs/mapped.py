from zenml import pipeline, step


@step
def double(item: int) -> int:
    return item * 2


@step
def total(items: list[int]) -> int:
    return sum(items)


@pipeline(dynamic=True)
def mapped_pipeline():
    total(double.map(item=[1, 2, 3]))
