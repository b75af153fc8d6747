from pipec.sdk import step


@step
def load() -> int:
    return 1
