from pipec.sdk import pipeline, step


@step
def load() -> int:
    return 1


@pipeline
def training():
    load(
