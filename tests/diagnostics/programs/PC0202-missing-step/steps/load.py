from pipec.sdk import step


@step
def load() -> int:
    return 1


@step
def load_all() -> int:
    return 2
