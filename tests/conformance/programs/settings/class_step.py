"""A step that is a class.

run
  ran: Doubler
  outputs: {"Doubler": 4}
"""
from pipec.sdk import BaseStep, pipeline


class Doubler(BaseStep):
    def entrypoint(self, n: int) -> int:
        return n * 2


@pipeline
def program() -> int:
    return Doubler()(2)
