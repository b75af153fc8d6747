"""The variables of a step on Airflow: what it is given, its secrets, what it looks up.

`airflow.py` reads this file in Airflow's process: the standard library, nothing of pipec.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any


def of_child(settings: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, str]:
    """The worker's variables, the keys of the secrets, and the step's own; the later wins.

    Raises:
        RuntimeError: a secret is not an Airflow Variable that holds a JSON object.
    """
    environment = {**os.environ, **_secrets(settings, context)}
    for name, value in settings.get("environment", {}).items():
        found = os.environ.get(value["from"], value.get("default")) if isinstance(value, dict) else value
        if found is not None:
            environment[name] = str(found)
    return environment


def of_container(
    settings: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What a container looks up among its own variables, by name, and the variables that it is given.

    Without a context it gets no secrets.

    Raises:
        RuntimeError: a secret is not an Airflow Variable that holds a JSON object.
    """
    given = _secrets(settings, context) if context else {}
    looked_up: dict[str, dict[str, str]] = {}
    for name, value in settings.get("environment", {}).items():
        if isinstance(value, dict):
            looked_up[name] = value
        else:
            given[name] = str(value)
    return looked_up, given


def _secrets(settings: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in settings.get("secrets", ()):
        try:
            keys = context["var"]["json"].get(name)
        except Exception as problem:
            raise RuntimeError(f"the secret `{name}` must be an Airflow Variable that holds a JSON object") from problem
        if not isinstance(keys, dict):
            raise RuntimeError(f"the Airflow Variable `{name}` must hold a JSON object")
        found.update({key: value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()})
    return found
