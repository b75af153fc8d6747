"""`on_init_kwargs` holds an object of a class of the project.

run
  ran: work
  plain: it calls no hooks
  outputs: {"work": {"organization": "o", "project": null}}
"""

from dataclasses import dataclass

from pipec.sdk import get_step_context, pipeline, step


@dataclass
class InitConfig:
    organization: str | None = None
    project: str | None = None


def begin(config: InitConfig) -> dict:
    return {"organization": config.organization, "project": config.project}


@step(enable_cache=False)
def work() -> dict:
    return get_step_context().pipeline_state


@pipeline(on_init=begin, on_init_kwargs={"config": InitConfig(organization="o")})
def program() -> dict:
    return work()
