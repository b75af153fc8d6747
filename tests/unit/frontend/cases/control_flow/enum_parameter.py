import enum

from steps import log, report, score, train

from pipec.sdk import pipeline


class Kind(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@pipeline
def p(kind: Kind = Kind.FAST, other: Kind | None = None, frozen: Kind = Kind.SLOW, kinds: list[Kind] = []):
    if kind == Kind.FAST or kind is Kind.SLOW:
        train(kind.value)
    if other in (Kind.FAST, Kind.SLOW):
        train(2)
    for one in kinds:
        if one != Kind.FAST:
            train(one)
    chosen = score if frozen == Kind.FAST else log
    chosen(frozen)
