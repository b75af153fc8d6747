"""Conditions that a run decides: values out of arms, arms in arms, arms without steps."""

from pipec.sdk import pipeline, step


@step
def load(size: int) -> list[int]:
    return list(range(size))


@step
def score(data: list[int]) -> float:
    return sum(data) / 10


@step
def big(data: list[int], name: str) -> str:
    return f"big {name} {len(data)}"


@step
def small(data: list[int]) -> str:
    return f"small {len(data)}"


@step
def audit(text: str) -> str:
    return f"audited {text}"


@step
def report(*, chosen: object, extra: object, audited: object, late: object, total: int) -> str:
    return f"{chosen!r} {extra!r} {audited!r} {late!r} {total!r}"


@pipeline
def branches(size: int = 3, name: str = "n", strict: bool = False) -> str:
    data = load(size)
    accuracy = score(data)
    extra = None
    audited = "none"
    total = 0
    if accuracy > 1.0:
        chosen = big(data, name)
        if strict:
            audited = audit(chosen)
            total = size
        elif name == "x":
            audited = name
    elif accuracy == 0.0:
        chosen = name
    else:
        chosen = small(data)
        extra = audit("extra")
    if strict:
        late = audit(chosen)
    else:
        late = chosen
    return report(chosen=chosen, extra=extra, audited=audited, late=late, total=total)
