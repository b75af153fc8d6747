"""What outlives a run: runs, registered artifacts, models and the cache, as files below one artifact root.

    store = Store("/data/pipec")                                # or an fsspec URL
    store.runs.begin(Run("churn", "2026-01-31", started=…))
    store.attempt("churn", "2026-01-31", "train@2", 1)           # where that attempt puts its outputs and documents
    store.artifacts.get("model").place
    store.models.promote(store.models.get("churn"), "production")

There is no server and no lock: each document is written by one atomic put, what is counted by exclusive creation, and
what several may add to at once by numbered notes beside it (docs/internals/store.md).
"""

from __future__ import annotations

import os

from pipec.runtime.places import is_url, local_path
from pipec.runtime.store import layout
from pipec.runtime.store.artifacts import Artifact as Artifact
from pipec.runtime.store.artifacts import Artifacts
from pipec.runtime.store.cache import Cache
from pipec.runtime.store.files import open_root
from pipec.runtime.store.models import Models
from pipec.runtime.store.models import ModelVersion as ModelVersion
from pipec.runtime.store.runs import Attempt as Attempt
from pipec.runtime.store.runs import Run as Run
from pipec.runtime.store.runs import Runs

ROOT_VARIABLE = "PIPEC_ARTIFACT_ROOT"


class Store:
    """The store below one root.

    Attributes:
        root: an absolute folder or an fsspec URL, without a slash at the end.
        runs: runs and attempts.
        artifacts: registered artifacts.
        models: models.
        cache: results of steps.
    """

    def __init__(self, root: str) -> None:
        """Nothing is made until something is written.

        Raises:
            ImportError: for a URL without fsspec.
        """
        self.root = root.rstrip("/") if is_url(root) else os.path.abspath(local_path(root))
        self.files = open_root(self.root)
        self.runs = Runs(self.files)
        self.artifacts = Artifacts(self.files, self.relative, self.absolute)
        self.models = Models(self.files)
        self.cache = Cache(self.files)

    def attempt(self, pipeline: str, run: str, instance: str, attempt: int) -> str:
        """Folder or URL of one attempt: its outputs, `record.json` and `error.json`."""
        return self.absolute(layout.attempt_folder(pipeline, run, instance, attempt))

    def output(self, pipeline: str, run: str, instance: str, attempt: int, output: str) -> str:
        """Folder or URL of one output of an attempt."""
        return f"{self.attempt(pipeline, run, instance, attempt)}/{layout.file_name(output)}"

    def relative(self, place: str) -> str:
        """A place as documents have it: relative to the root where it lies below it, so that the root may move."""
        found = place if is_url(place) else os.path.abspath(local_path(place))
        return found.removeprefix(f"{self.root}/")

    def absolute(self, place: str) -> str:
        """A place that a document has."""
        return place if is_url(place) or os.path.isabs(place) else f"{self.root}/{place}"
