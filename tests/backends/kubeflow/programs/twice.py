from pipec.sdk import pipeline, step


@step
def double(text: str) -> str:
    return text + text


@pipeline
def twice() -> str:
    return double(double("ab"))
