"""`pipec build`: the images of pipelines, several at a time; which are there already is asked first."""

from __future__ import annotations

import os
import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pipec.backends.containers import bases
from pipec.backends.containers.engine import connect
from pipec.backends.containers.faults import BuildFailed
from pipec.backends.containers.model import Asked
from pipec.backends.containers.prefixes import shared_prefixes
from pipec.backends.containers.progress import Progress
from pipec.backends.containers.registries import Registries, has_registry
from pipec.backends.containers.states import states_of
from pipec.backends.containers.work import Bench, make
from pipec.compiler.cli.session import Session, show
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.images.context import context_of
from pipec.compiler.images.dockerfile import needs_buildkit
from pipec.compiler.images.plan import with_bases, without_pins
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pipec.backends.containers.engine import Engine
    from pipec.backends.containers.work import Made
    from pipec.compiler.images.model import Image
    from pipec.compiler.images.plan import ImagePlan
    from pipec.compiler.project import Project


@dataclass(frozen=True, slots=True)
class ContainerBuilder:
    """Builds through the container engine of this machine."""

    def build(self, plans: Sequence[ImagePlan], project: Project, parsed: argparse.Namespace) -> int:
        """Builds what is not there: 0 all images are, 1 one cannot be built or pushed, or does not work."""
        session = Session(parsed)
        try:
            made = _build(plans, project, _asked(parsed), Progress(is_quiet=parsed.quiet), session)
        except BuildFailed as failed:
            session.add([failed.diagnostic], failed.sources)
            made = []
        show(session, with_notes=not parsed.quiet)
        if parsed.format == "text" and not parsed.quiet:
            for one in made:
                print(f"{one.image.reference}: {one.words}")
        return 1 if session.has_errors else 0

    def states(self, plans: Sequence[ImagePlan]) -> Mapping[str, str]:
        """What registries say of each image, by its reference: without an engine, and not waiting long."""
        return states_of(plans)


def _asked(parsed: argparse.Namespace) -> Asked:
    secrets = {name: Path(file) for name, _, file in (word.partition("=") for word in parsed.secret)}
    return Asked(
        pushes=parsed.push,
        builder=parsed.builder,
        network=parsed.network,
        secrets=secrets,
        is_smoke_tested=not parsed.no_smoke_test,
        updates_bases=parsed.update_bases,
        jobs=parsed.jobs or min(4, os.cpu_count() or 1),
    )


def _build(
    plans: Sequence[ImagePlan], project: Project, asked: Asked, progress: Progress, session: Session
) -> list[Made]:
    """Sees to the images of all plans; what goes wrong with one is no reason to leave the others.

    Raises:
        BuildFailed: no engine answers; or one image has no registry to be pushed to.
    """
    engine = connect()
    registries = Registries(engine.insecure, lambda reference: _digest_by(engine, reference))
    if asked.updates_bases:
        plans = [without_pins(plan) for plan in plans]
    found = bases.digests(plans, engine, registries, progress)
    plans = [with_bases(plan, found) for plan in plans]
    tasks = {image.reference: (plan, image) for plan in plans for image in plan.images if image.recipe is not None}
    if asked.pushes:
        homeless = next((image for _, image in tasks.values() if not has_registry(image.repository)), None)
        if homeless is not None:
            raise BuildFailed(_no_registry(homeless))
    contexts = {
        reference: context_of(image, plan.code, "classic")
        for reference, (plan, image) in tasks.items()
        if image.recipe is not None and image.parent is None and not needs_buildkit(image.recipe)
    }
    bench = Bench(engine, registries, project.root, asked, progress, found, shared_prefixes(contexts))
    return _all(bench, list(tasks.values()), session)


def _all(bench: Bench, tasks: Sequence[tuple[ImagePlan, Image]], session: Session) -> list[Made]:
    """The images in the order of the plans, several at a time.

    The threads are daemons: after Ctrl-C the process ends at once, and an engine gives up the builds of a client that is gone.
    """
    waiting: queue.SimpleQueue[tuple[int, ImagePlan, Image]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Made | BaseException]] = queue.SimpleQueue()
    for number, (plan, image) in enumerate(tasks):
        waiting.put((number, plan, image))

    def work() -> None:
        while not bench.stopped.is_set():
            try:
                number, plan, image = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((number, make(bench, plan, image)))
            except BaseException as problem:
                done.put((number, problem))

    for _ in range(min(bench.asked.jobs, len(tasks))):
        threading.Thread(target=work, daemon=True).start()
    outcomes: dict[int, Made | BaseException] = {}
    try:
        while len(outcomes) < len(tasks):
            number, outcome = done.get()
            outcomes[number] = outcome
    except KeyboardInterrupt:
        bench.stopped.set()
        raise
    return _judged([outcomes[number] for number in range(len(tasks))], session)


def _judged(outcomes: Sequence[Made | BaseException], session: Session) -> list[Made]:
    """What was made; what failed becomes a diagnostic, what is our own fault is raised."""
    made: list[Made] = []
    for outcome in outcomes:
        match outcome:
            case BuildFailed():
                session.add([outcome.diagnostic], outcome.sources)
            case BaseException():
                raise outcome
            case _:
                session.add(outcome.remarks)
                made.append(outcome)
    return made


def _digest_by(engine: Engine, reference: str) -> str | None:
    """What the engine hears from a registry that only it can reach."""
    digest = engine.api.inspect_distribution(reference).get("Descriptor", {}).get("digest")
    return None if digest is None else str(digest)


def _no_registry(image: Image) -> Diagnostic:
    message = f"the image `{image.name}` has no registry to be pushed to"
    help_ = "name one: `registry` in `[tool.pipec.image]`, or in the stack that is chosen"
    return Diagnostic("PC0618", message, help=help_)


builder = ContainerBuilder()
