"""What `on_init` returns is the pipeline state, which a step reads.

run
  ran: work
  plain: it calls no hooks
  outputs: {"work": {"model": "m", "size": 3}}
"""
from pipec.sdk import get_step_context, pipeline, step


def begin(size: int) -> dict:
    return {"model": "m", "size": size}


@step(enable_cache=False)
def work() -> dict:
    return get_step_context().pipeline_state


@pipeline(on_init=begin, on_init_kwargs={"size": 3})
def program() -> dict:
    return work()
