from pipec.sdk import pipeline, step


@step
def train() -> None:
    print()


@pipeline
def training():
    train.with_option(enable_cache=False)()
