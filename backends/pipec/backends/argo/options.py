"""What `-O` sets on this target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.backend import Option

if TYPE_CHECKING:
    from pipec.compiler.backend import Options

DEFAULT_IMAGE = "python:3.12-slim"

_PODS = ("OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")

OPTIONS = (
    Option(
        "code",
        "how code travels: `image`, or `inline` in the generated files; by default what the Docker settings ask for",
        choices=("inline", "image"),
    ),
    Option("image", "image of the steps, with Python 3.11 or later", DEFAULT_IMAGE),
    Option("namespace", "namespace of the objects; without it, the one they are applied to"),
    Option("service_account", "service account of the pods"),
    Option("image_pull_secrets", "names of image pull secrets, separated by commas"),
    Option("artifact_root", "the store for look-ups, names, models and the cache: an fsspec URL"),
    Option("artifact_secret", "Secret whose keys become variables of the steps, for the library that opens the store"),
    Option("pod_gc", "when finished pods are deleted", choices=_PODS),
    Option("ttl_seconds", "seconds after which a finished run is deleted", kind=int),
)


def text_option(options: Options, name: str) -> str | None:
    """The text of an option; None where it is not set or empty."""
    value = options.get(name)
    return str(value) if value not in {None, ""} else None
