"""Names of parameters, inputs and outputs that a target has words for.

run
  ran: make, use
  outputs: {"params": 6}
refused airflow: PC0406 an output cannot be called `return_value` on Airflow, which keeps all results under that name
"""
from typing import Annotated

from pipec.sdk import pipeline, step


@step
def make(ti: int, params: int) -> tuple[Annotated[int, "return_value"], Annotated[int, "größe"]]:
    return ti, params


@step
def use(workflow: int, item: int, run_id: int) -> Annotated[int, "params"]:
    return workflow + item + run_id


@pipeline
def program(inputs: int = 1, run_id: int = 2, _private: int = 3):
    return_value, size = make(inputs, run_id)
    return use(return_value, size, _private)
