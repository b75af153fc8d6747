"""A condition in an arm of another.

run a=true b=true
  ran: both
  skipped: first, second, neither
  outputs: {"text": "both"}
run a=true b=false
  ran: first
  skipped: both, second, neither
  outputs: {"text": "first"}
run a=false b=true
  ran: second
  skipped: both, first, neither
  outputs: {"text": "second"}
run a=false b=false
  ran: neither
  skipped: both, first, second
  outputs: {"text": "neither"}
"""
from pipec.sdk import pipeline, step


@step
def both() -> str:
    return "both"


@step
def first() -> str:
    return "first"


@step
def second() -> str:
    return "second"


@step
def neither() -> str:
    return "neither"


@pipeline
def program(a: bool, b: bool) -> str:
    if a:
        if b:
            text = both()
        else:
            text = first()
    elif b:
        text = second()
    else:
        text = neither()
    return text
