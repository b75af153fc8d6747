from pipec.sdk import pipeline, step


@step
def load() -> int:
    return 1


@step
def load_backup() -> int:
    return 2


@step
def train(data: int) -> None:
    print(data)


@pipeline
def training():
    try:
        data = load()
    except OSError:
        data = load_backup()
    train(data)
