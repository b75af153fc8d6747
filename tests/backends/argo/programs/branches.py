from typing import Annotated, Any

from pipec.sdk import pipeline, step


@step
def measure(seed: int) -> tuple[Annotated[float, "score"], Annotated[list[str], "names"]]:
    return (float("nan") if seed < 0 else seed / 10), [f"n{index}" for index in range(abs(seed))]


@step
def deploy(names: list[str]) -> Annotated[str, "url"]:
    return f"https://{'-'.join(names)}"


@step
def retry(score: float, times: int) -> Annotated[str, "url"]:
    return f"retry {score} {times}"


@step
def count(names: list[str]) -> Annotated[int, "count"]:
    return len(names)


@step
def notify(what: str) -> str:
    return f"note {what}"


@step
def report(url: str, note: Any, total: int, pair: list[Any]) -> Annotated[str, "text"]:
    return f"{url}|{note}|{total}|{pair}"


@pipeline
def branches(seed: int = 9, mode: str = "fast", dry: bool = False, limit: int | None = None):
    score, names = measure(seed)
    if score > 0.8:
        url = deploy(names)
    elif score > 0.3 and mode in ("fast", "slow"):
        url = retry(score, 2)
    else:
        url = retry(score, 3)
    note = None
    if not dry and len(names) > 1:
        if limit is not None:
            note = notify(url)
    if mode == "fast":
        total = count(names)
        pair = [total, url]
    else:
        total = seed
        pair = [notify(url), notify(mode)]
    text = report(url, note, total, pair)
    return text
