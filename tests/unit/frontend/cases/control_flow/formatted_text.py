from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(n: int = 3, kinds: list[str] = ["a"]):
    log("{} of {total:03d}: {name!r}".format(1, total=n, name="x"))
    log(", ".join(kinds))
    log(f"{len(kinds)} kinds")
