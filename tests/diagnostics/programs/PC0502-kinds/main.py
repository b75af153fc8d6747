from pipec.sdk import pipeline, step


@step(enable_cache="no")
def load() -> None:
    print()


@step(retry=3)
def train() -> None:
    print()


@step(environment={"A": None})
def report() -> None:
    print()


@pipeline
def training():
    load()
    train()
    report()
