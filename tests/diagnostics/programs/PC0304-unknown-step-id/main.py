from pipec.sdk import pipeline, step


@step
def load() -> None:
    print()


@step
def train() -> None:
    print()


@pipeline
def training():
    load(id="load_customers")
    train(after="load_customer")
