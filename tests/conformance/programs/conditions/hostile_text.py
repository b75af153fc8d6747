"""Text that a template language could take for its own, compared.

run
  ran: text, yes
  skipped: no
  outputs: {"yes": "yes"}
run given="{{ 1 }}"
  ran: text, no
  skipped: yes
  outputs: {"yes": "no"}
"""
from pipec.sdk import pipeline, step


@step
def text(given: str) -> str:
    return given


@step
def yes() -> str:
    return "yes"


@step
def no() -> str:
    return "no"


@pipeline
def program(given: str = "{{inputs.parameters.x}} $(y) \"' {% z %}") -> str:
    if text(given) == "{{inputs.parameters.x}} $(y) \"' {% z %}":
        return yes()
    else:
        return no()
