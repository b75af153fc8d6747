from pipec.sdk import pipeline, step


@step
def count() -> int:
    return 4


@step
def say(text: str, half: float) -> str:
    return f"{text}/{half}"


@pipeline
def computed(name: str = "x", rate: float = 0.5) -> str:
    return say(text=f"{name}-{rate}", half=rate / 2)
