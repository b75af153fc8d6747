"""Runs a pipeline on this machine: the Python API behind `pipec run`."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import secrets as chance
import signal
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pipec.runtime
from pipec.backends.local import parameters as values
from pipec.backends.local.alone import compute_alone
from pipec.backends.local.attempts import Attempts
from pipec.backends.local.hooks import RunHooks
from pipec.backends.local.journal import Entry, Journal, StoreUnusable
from pipec.backends.local.options import FOLDER, CannotRun, Options, find_run, local_folder, root_of
from pipec.backends.local.outputs import outputs_of
from pipec.backends.local.plan import Executor, Plan
from pipec.backends.local.processes import Processes, Surroundings
from pipec.backends.local.recipes import Evaluator
from pipec.backends.local.recorder import Reporter, RunRecorder, Silent
from pipec.backends.local.replaced import Replaced
from pipec.backends.local.result import Failure, RunResult
from pipec.backends.local.reuse import Reuse
from pipec.backends.local.scheduler import Scheduler
from pipec.backends.local.workers import Workers
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.json import write
from pipec.compiler.ir.model import ForEach
from pipec.compiler.ir.walk import calls, operations
from pipec.runtime import codec
from pipec.runtime.invocation import fill
from pipec.runtime.store import ROOT_VARIABLE, Run, Store, layout

if TYPE_CHECKING:
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json

PROGRAM = "ir.json"
_FEW = 8
INTERRUPTED = "interrupted"


def run(
    pipeline: Pipeline,
    project_root: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    options: Options | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Run a pipeline.

    Args:
        pipeline: after all passes.
        project_root: the folder of the user's project: working directory of the steps.
        parameters: Python values by name; what is not given has its default.
        options: how to run.
        reporter: shows the run while it goes on; by default nothing does.

    Raises:
        CannotRun: before anything was run.
        StoreUnusable: the store cannot be written, or is full.
    """
    local = _Run(pipeline, Path(project_root).resolve(), options or Options(), reporter or Silent())
    return local.run(parameters or {})


class _Run:
    def __init__(self, pipeline: Pipeline, project_root: Path, options: Options, reporter: Reporter) -> None:
        self.pipeline, self.project_root, self.options, self.reporter = pipeline, project_root, options, reporter
        root = root_of(project_root, options.root)
        self.folder = local_folder(project_root, root)
        self.store = Store(root)

    def run(self, given: Mapping[str, Any]) -> RunResult:
        before = self._before()
        if before is None:
            texts, faults = values.bind(self.pipeline, given)
        else:
            texts = {name: codec.text(value) for name, value in before.parameters.items()}
            faults = list[Diagnostic]()
        faults += self._missing_secrets()
        if faults:
            raise CannotRun(*faults)
        journal = Journal(self.folder)
        try:
            _ignore_by_git(self.folder)
            return self._with(journal, texts, before)
        finally:
            journal.close()

    def _before(self) -> Run | None:
        """The run that this one goes on with."""
        if self.options.resume is None:
            return None
        return find_run(self.store, self.options.resume, self.pipeline.name)

    def _missing_secrets(self) -> list[Diagnostic]:
        known = self.options.surroundings.secrets
        named = {secret: call.span for call in calls(self.pipeline.body) for secret in reversed(call.config.secrets)}
        help_ = "give a dotenv file with `--secrets FILE`, or `--secrets NAME=FILE`"
        return [
            Diagnostic("PC0705", f"the secret `{secret}` is not known here", span, help=help_)
            for secret, span in named.items()
            if secret not in known and "*" not in known
        ]

    def _with(self, journal: Journal, texts: Mapping[str, str], before: Run | None) -> RunResult:
        started = dt.datetime.now(dt.UTC)
        identity = before.run if before else f"{started:%Y%m%d-%H%M%S}-{chance.token_hex(3)}"
        if before is not None and before.started is not None:
            started = dt.datetime.fromisoformat(before.started)
        name = before.name or identity if before else self._name(started) or identity
        known = journal.entries(identity) if before else {}
        tags = tuple(dict.fromkeys([*self.pipeline.config.tags, *self.options.tags]))
        text = write(self.pipeline)
        begun = Run(
            self.pipeline.name,
            identity,
            name,
            started=started.isoformat(),
            parameters={name: codec.parse(text) for name, text in texts.items()},
            digest=f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
            tags=tags,
            facts=self._facts(),
        )
        # A run is known, to everybody, before anything of it is: what is killed can go on.
        self._keep_program(identity, text)
        self.store.runs.begin(begun)
        journal.begin(identity, self.pipeline.name, started.isoformat(), self.options.source, tags)
        result = self._execute(journal, identity, name, started, texts, known)
        self.store.runs.finish(
            self.pipeline.name,
            identity,
            result.state,
            outputs=self._recorded_outputs(result),
            operations=result.operations,
        )
        journal.finish(identity, result.state, dt.datetime.now(dt.UTC).isoformat())
        return result

    def _execute(
        self,
        journal: Journal,
        identity: str,
        name: str,
        started: dt.datetime,
        texts: Mapping[str, str],
        known: Mapping[str, Entry],
    ) -> RunResult:
        attempts = Attempts(self.store, self.folder, self.pipeline, identity, name, started)
        paths = tuple(str(path) for path in self.options.import_roots or (self.project_root,))
        package = str(Path(next(iter(pipec.runtime.__path__))).parent)
        every = [*operations(self.pipeline.body)]
        rehearses = len(every) > _FEW or any(isinstance(each, ForEach) for each in every)
        workers = Workers(self.project_root, paths, package, self.options.is_forking, rehearses)
        roots = self.options.import_roots or (self.project_root,)
        reuse = Reuse(self.store, roots) if self.options.use_cache else None
        selected = self.options.selected
        earlier = journal.results(self.pipeline.name) if selected is not None else {}
        processes = Processes(attempts, workers, self._surroundings(), known, reuse, earlier, selected)
        recorder = RunRecorder(identity, journal, attempts, self.reporter, processes.number, known)
        evaluator = Evaluator(identity, started, texts)
        plan = Plan(
            self.pipeline,
            texts,
            self.options.jobs or os.cpu_count() or 1,
            self.pipeline.config.timeout,
            self.options.selected,
        )
        executor: Executor = processes
        if self.options.replaced:
            executor = Replaced(processes, self.pipeline, self.options.replaced)
        scheduler = Scheduler(plan, executor, recorder, evaluator)
        try:
            with _interrupts(scheduler.stop):
                hooks = RunHooks(self.pipeline, processes, recorder)
                is_good = hooks.before() and scheduler.run()
                if hooks.failures:
                    scheduler.skip()
                recorder.failures = [*hooks.failures, *_in_order(recorder.failures, self.pipeline)]
                compute = partial(compute_alone, self.pipeline, processes, recorder, texts)
                outputs, stored, faults = outputs_of(self.pipeline, scheduler.body, evaluator, compute)
                is_good = is_good and not faults
                hooks.after(is_good, recorder.failures)
        finally:
            workers.close()
        return RunResult(
            identity,
            "succeeded" if is_good else "failed",
            recorder.states,
            outputs,
            stored,
            (*recorder.failures, *faults),
            str(self.folder / layout.run_folder(self.pipeline.name, identity)),
            scheduler.message,
        )

    def _name(self, started: dt.datetime) -> str | None:
        """What the run is called, with its placeholders filled in."""
        name = self.options.name or self.pipeline.config.run_name
        return None if name is None else fill(name, started, self.pipeline.config.substitutions)

    def _keep_program(self, identity: str, text: str) -> None:
        """The program as it was, for `--reproduce` and `pipec debug`."""
        path = self.folder / layout.run_folder(self.pipeline.name, identity) / PROGRAM
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="ascii")
        except OSError as problem:
            raise StoreUnusable(f"{self.folder} cannot be written: {problem}") from problem

    def _surroundings(self) -> Surroundings:
        given = self.options.surroundings
        return Surroundings(given.secrets, {ROOT_VARIABLE: self.store.root, **given.environment}, given.pythons)

    def _recorded_outputs(self, result: RunResult) -> dict[str, Json]:
        recorded: dict[str, Json] = {}
        for name, value in result.outputs.items():
            recorded[name] = codec.encode(value)
        for name, each in result.stored.items():
            place = None if each.place is None else self.store.relative(each.place)
            recorded[name] = {"artifact": place, "digest": each.digest}
        return recorded

    def _facts(self) -> dict[str, Json]:
        return {
            "target": "local",
            "source": self.options.source,
            "project": str(self.project_root),
            "import_roots": [str(root) for root in self.options.import_roots],
            "python": ".".join(map(str, sys.version_info[:3])),
        }


@contextlib.contextmanager
def _interrupts(stop: Callable[[str], None]) -> Generator[None]:
    """The first Ctrl-C, or a request to end, stops the run in good order; the second one ends at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def interrupted(number: int, _: object) -> None:
        for each, handler in before.items():
            signal.signal(each, handler)
        stop(INTERRUPTED)

    for each in before:
        signal.signal(each, interrupted)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _in_order(failures: list[Failure], pipeline: Pipeline) -> list[Failure]:
    """Failures in the order of the definition; of one step, in the order of its iterations."""
    places = {operation.id: number for number, operation in enumerate(operations(pipeline.body))}

    def key(failure: Failure) -> tuple[int, list[int]]:
        indices = failure.instance.partition("@")[2]
        return places.get(failure.operation, -1), [int(each) for each in indices.split(".")] if indices else []

    return sorted(failures, key=key)


def _ignore_by_git(folder: Path) -> None:
    """The store is nobody's source code."""
    if folder.name == FOLDER and not (folder / ".gitignore").exists():
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
