from pipec.sdk import pipeline, step


@step
def train() -> None:
    print()


@pipeline(name="churn")
def training():
    train()


@pipeline(name="churn")
def scoring():
    train()
