from pipec.sdk import pipeline, step


def tell(error: BaseException, channel: str) -> None:
    print(error, channel)


@step
def train() -> None:
    print()


@pipeline(on_failure=tell)
def training():
    train()
