"""The specification's example: a step for each item of a list parameter, named after it, and a fan-in.

run
  ran: train_model x2, select_best
  outputs: {"select_best": "model of tree and model of forest"}
run model_types=["{{ x }}"]
  ran: train_model, select_best
  outputs: {"select_best": "model of {{ x }}"}
run model_types=[]
  ran: select_best
  outputs: {"select_best": ""}
"""
from pipec.sdk import pipeline, step


@step
def train_model(model_type: str) -> str:
    return f"model of {model_type}"


@step
def select_best(models: list[str]) -> str:
    return " and ".join(models)


@pipeline(dynamic=True)
def program(model_types: list[str] = ["tree", "forest"]) -> str:
    models = []
    for model_type in model_types:
        models.append(train_model.with_options(name=f"train_{model_type}")(model_type))
    return select_best(models)
