from steps import report, train

from pipec.sdk import pipeline


@pipeline
def p(xs: list[int] = [1], ys: list[int] = [2]):
    rows = []
    for x in xs:
        row = []
        for y in ys:
            row.append(train(x, y))
        rows.append(row)
    report(rows)
    report([[train(x, y) for y in ys] for x in xs])
