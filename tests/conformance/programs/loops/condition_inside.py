"""A condition over the item, with a value out of it: each iteration takes its own arm.

run
  ran: even x2, odd, show
  skipped: even, odd x2
  outputs: {"show": ["2 is even", "3 is odd", "4 is even"]}
run numbers=[1]
  ran: odd, show
  skipped: even
  outputs: {"show": ["1 is odd"]}
run numbers=[]
  ran: show
  outputs: {"show": []}
"""
from pipec.sdk import pipeline, step


@step
def even(n: int) -> str:
    return f"{n} is even"


@step
def odd(n: int) -> str:
    return f"{n} is odd"


@step
def show(texts: list[str]) -> list[str]:
    return texts


@pipeline
def program(numbers: list[int] = [2, 3, 4]) -> list[str]:
    texts = []
    for number in numbers:
        if number % 2 == 0:
            text = even(number)
        else:
            text = odd(number)
        texts.append(text)
    return show(texts)
