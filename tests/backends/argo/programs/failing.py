from pipec.sdk import pipeline, step


@step
def fails(word: str) -> str:
    raise RuntimeError("no " + word)


@step
def after_it(word: str) -> str:
    return word


@step
def beside(word: str) -> str:
    return word + "!"


@pipeline
def failing() -> None:
    after_it(fails("luck"))
    after_it(beside("fine"))
