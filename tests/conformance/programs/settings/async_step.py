"""An `async def` step runs to its end.

run
  ran: wait
  outputs: {"wait": 3}
"""
import asyncio

from pipec.sdk import pipeline, step


@step
async def wait(n: int) -> int:
    await asyncio.sleep(0)
    return n + 1


@pipeline
def program() -> int:
    return wait(2)
