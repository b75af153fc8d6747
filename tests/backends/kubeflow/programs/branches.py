from pipec.sdk import pipeline, step


@step
def measure(n: int) -> float:
    return n / 10


@step
def is_even(n: int) -> bool:
    return n % 2 == 0


@step
def big(score: float) -> dict[str, float]:
    return {"big": score}


@step
def small(score: float) -> dict[str, float]:
    return {"small": score}


@step
def polish(model: dict[str, float]) -> dict[str, float]:
    return {f"polished {name}": value for name, value in model.items()}


@step
def report(model: dict[str, float], name: str, limit: int, even: bool) -> str:
    return f"{model} {name} {limit} {even}"


@pipeline
def branches(n: int = 7, mode: str = "fast", flag: bool = True) -> tuple[str, dict[str, float]]:
    """Conditions over results, truth values, numbers and text; values of all kinds out of them."""
    score = measure(n)
    if score > 0.5:
        model = big(score)
        name = "big one"
    elif n == 3:
        model = {"none": 0.5}
        name = mode
    else:
        model = small(score)
        model = polish(model)
        name = "small one"
    even = is_even(n)
    limit = 1
    if even:
        limit = 10
    if flag and mode == "slow":
        polish(model)
    return report(model, name, limit, even), model
