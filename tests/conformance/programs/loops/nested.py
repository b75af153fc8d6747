"""A loop in a loop: the inner one runs over the outer item.

run
  ran: cell x3, row x2, show
  outputs: {"show": [[1, 4], [9]]}
run table=[[], [5]]
  ran: cell, row x2, show
  outputs: {"show": [[], [25]]}
run table=[]
  ran: show
  outputs: {"show": []}
"""
from pipec.sdk import pipeline, step


@step
def cell(n: int) -> int:
    return n * n


@step
def row(cells: list[int]) -> list[int]:
    return cells


@step
def show(rows: list[list[int]]) -> list[list[int]]:
    return rows


@pipeline
def program(table: list[list[int]] = [[1, 2], [3]]) -> list[list[int]]:
    rows = []
    for numbers in table:
        cells = []
        for number in numbers:
            cells.append(cell(number))
        rows.append(row(cells))
    return show(rows)
