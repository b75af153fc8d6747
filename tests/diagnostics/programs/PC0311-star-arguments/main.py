from pipec.sdk import pipeline, step


@step
def train(*epochs: int) -> None:
    print(epochs)


@step
def report(**values: int) -> None:
    print(values)


@step
def show(value: int, /) -> None:
    print(value)


@step
def order(after: int) -> None:
    print(after)


@pipeline
def training():
    train(3)
    report(a=1)
    show(1)
    order(1)
