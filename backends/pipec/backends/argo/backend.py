"""The Argo Workflows backend: one file per pipeline, with its WorkflowTemplate, CronWorkflow and code."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipec.backends.argo import names
from pipec.backends.argo.carriers import carried
from pipec.backends.argo.check import check_text
from pipec.backends.argo.checks import check_pipeline
from pipec.backends.argo.code import code_files, code_map, live_values
from pipec.backends.argo.conditions import is_countable, is_native
from pipec.backends.argo.emit import render, template_texts
from pipec.backends.argo.images import images_of
from pipec.backends.argo.ledger import LEDGER
from pipec.backends.argo.limits import TASKS, TEMPLATES, check_limits
from pipec.backends.argo.model import Manifest, RunParameter
from pipec.backends.argo.options import OPTIONS, text_option
from pipec.backends.argo.plan import Plan, RunHooks
from pipec.backends.argo.results import flatten
from pipec.backends.argo.scopes import plan_main
from pipec.backends.argo.settings import duration
from pipec.backends.argo.steps import CODE, DATA, word
from pipec.backends.argo.text import enc, markdown, number, plain
from pipec.compiler.backend import GeneratedFile
from pipec.compiler.code_root import ReservedName
from pipec.compiler.diagnostics import Diagnostic, has_errors
from pipec.compiler.emit import header
from pipec.compiler.gates import insert_gates
from pipec.compiler.ir.config import Hooks
from pipec.compiler.ir.model import ForEach
from pipec.compiler.ir.rewrite import rewrite
from pipec.compiler.ir.types import INT, members
from pipec.compiler.ir.values import Expr, Output
from pipec.compiler.ir.walk import bodies, operations
from pipec.compiler.passes.name_secrets import name_secrets
from pipec.compiler.record import replace
from pipec.compiler.yaml_text import Flow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.backends.argo.images import Images
    from pipec.backends.argo.model import Step
    from pipec.compiler.backend import Ledger, Option, Options, Request
    from pipec.compiler.ir.model import Operation, Parameter, Pipeline
    from pipec.compiler.yaml_text import Yaml


class ArgoBackend:
    """See `pipec.compiler.backend.Backend`."""

    name = "argo"
    title = "Argo Workflows 3.6 to 4.1"
    directory = "argo"
    options: tuple[Option, ...] = OPTIONS
    ledger: Ledger = LEDGER

    def legalize(self, pipeline: Pipeline, request: Request) -> tuple[Manifest | None, Sequence[Diagnostic]]:
        """See `Backend.legalize`."""
        named, renamed = name_secrets(pipeline)
        model, found = self._legalize(named, request)
        return model, [*renamed, *found]

    def _legalize(self, pipeline: Pipeline, request: Request) -> tuple[Manifest | None, Sequence[Diagnostic]]:
        """Plans templates, code and settings; checks what Argo cannot carry and its limits."""
        found = check_pipeline(pipeline, request)
        if has_errors(found):
            return None, found
        images = images_of(request)
        try:
            files = code_files(pipeline) if images.needs_code else ()
        except ReservedName as fault:
            return None, [*found, Diagnostic("PC0208", str(fault), pipeline.span)]
        name = names.dns_label(pipeline.name, names.LONGEST_OBJECT, "pipeline")
        started, hooks = _with_hooks(pipeline)
        flattened = flatten(_split(_gated(started)))
        code = code_map(name, files, live_values(flattened.pipeline))
        root = text_option(request.options, "artifact_root")
        secret = text_option(request.options, "artifact_secret")
        map_name = "" if code is None else code.name
        command = _command(pipeline, images, root, is_told=bool(hooks.explained))
        plan = Plan(flattened.pipeline, flattened.carriers, images, command, map_name, hooks, root is not None, secret)
        plan_main(plan)
        on_exit = _plan_exit(plan)
        libraries = _libraries(name, plan)
        manifest = Manifest(
            file=f"{name}.yaml",
            header=header(request, pipeline),
            name=name,
            namespace=text_option(request.options, "namespace"),
            annotations=_annotations(pipeline),
            parameters=tuple(map(_run_parameter, pipeline.parameters)),
            spec=_spec(pipeline, request.options),
            defaults={"image": images.common.reference, "command": Flow(command)},
            scopes=tuple(scope for scope in plan.scopes if scope is not None),
            steps=() if libraries else tuple(plan.steps),
            code=code,
            mounts_code=images.mounts_code,
            libraries=libraries,
            fails_fast=pipeline.config.execution_mode in {"stop_on_failure", "fail_fast"},
            on_exit=on_exit,
            cron=_cron(pipeline, name),
        )
        found += check_limits(manifest, pipeline, [len(text.encode()) for text in template_texts(manifest)])
        return (None if has_errors(found) else manifest), found

    def emit(self, model: Manifest, request: Request) -> Sequence[GeneratedFile]:
        """One file with all documents."""
        return [GeneratedFile(model.file, render(model))]

    def check(self, files: Sequence[GeneratedFile]) -> Sequence[Diagnostic]:
        """Reads the file back as Kubernetes would and holds it to Argo's naming and reference rules."""
        return [fault for file in files for fault in check_text(file)]


backend = ArgoBackend()


def _libraries(name: str, plan: Plan) -> tuple[tuple[str, tuple[Step, ...]], ...]:
    """Further objects for the steps, where one has no room for all templates."""
    if len(plan.scopes) + len(plan.steps) <= TEMPLATES:
        return ()
    chunks = [plan.steps[start : start + TEMPLATES] for start in range(0, len(plan.steps), TEMPLATES)]
    return tuple(
        (names.dns_label(f"{name}-steps-{number}", names.LONGEST_OBJECT, "steps"), tuple(chunk))
        for number, chunk in enumerate(chunks, 1)
    )


def _with_hooks(pipeline: Pipeline) -> tuple[Pipeline, RunHooks]:
    if pipeline.config.hooks == Hooks():
        return pipeline, RunHooks()
    # What few pipelines need is loaded for them only.
    from pipec.backends.argo.hooks import with_hooks

    return with_hooks(pipeline)


def _plan_exit(plan: Plan) -> str:
    if not plan.hooks.calls:
        return ""
    from pipec.backends.argo.hooks import plan_exit

    return plan_exit(plan)


def _split(pipeline: Pipeline) -> Pipeline:
    blocks = [pipeline.body, *(body for one in operations(pipeline.body) for body in bodies(one))]
    if all(len(block.operations) <= TASKS for block in blocks):
        return pipeline
    from pipec.backends.argo.splitting import split

    return split(pipeline)


def _gated(pipeline: Pipeline) -> Pipeline:
    """With a gate for what Argo cannot compute; each loop then goes over a range, of a count or of a list's length."""
    is_carried = carried(pipeline)
    gated = insert_gates(
        pipeline,
        is_native_condition=lambda value: is_native(value, is_carried),
        is_countable=lambda items: is_countable(items, is_carried),
    )

    def counted(operation: Operation) -> Sequence[Operation]:
        match operation:
            case ForEach(items=Output(operation=gate, name="indices") as items):
                return (replace(operation, items=Expr("range", (Output(gate, "count", INT),), items.type)),)
            case _:
                return (operation,)

    body = rewrite(gated.body, counted)
    return gated if body is gated.body else replace(gated, body=body)


def _annotations(pipeline: Pipeline) -> dict[str, str]:
    notes = {"workflows.argoproj.io/title": plain(pipeline.name)}
    if pipeline.doc:
        notes["workflows.argoproj.io/description"] = markdown(pipeline.doc.strip())
    return notes | _notes(pipeline)


def _notes(pipeline: Pipeline) -> dict[str, str]:
    config = pipeline.config
    notes: dict[str, str] = {}
    if config.tags:
        notes["pipec/tags"] = enc(list(config.tags))
    if config.model:
        notes["pipec/model"] = enc(dict(config.model))
    if config.extra:
        notes["pipec/extra"] = enc(dict(config.extra))
    return notes


def _run_parameter(parameter: Parameter) -> RunParameter:
    value = None if parameter.default is None else number(parameter.default.value)
    choices: list[str] = []
    for member in members(parameter.type):
        if member.name == "literal":
            choices += map(enc, member.choices)
        elif member.name == "none":
            choices.append("null")
        elif member.name == "bool":
            choices += ["true", "false"]
        else:
            choices = []
            break
    enum = tuple(choices) if value is None or value in choices else ()
    return RunParameter(names.parameter(parameter.name), value, parameter.doc, enum)


def _spec(pipeline: Pipeline, options: Options) -> dict[str, Yaml]:
    config = pipeline.config
    spec: dict[str, Yaml] = {}
    if config.settings:
        from pipec.backends.argo import pods

        spec |= pods.run_fields(config)
    notes = _notes(pipeline)
    if notes:
        spec["workflowMetadata"] = {"annotations": notes}
    if config.timeout is not None:
        spec["activeDeadlineSeconds"] = math.ceil(config.timeout)
    if config.max_parallelism is not None:
        spec["parallelism"] = config.max_parallelism
    if (account := text_option(options, "service_account")) is not None:
        spec["serviceAccountName"] = account
    if (secrets := text_option(options, "image_pull_secrets")) is not None:
        spec["imagePullSecrets"] = [Flow({"name": name.strip()}) for name in secrets.split(",") if name.strip()]
    if (strategy := text_option(options, "pod_gc")) is not None:
        spec["podGC"] = Flow({"strategy": strategy})
    if (seconds := options.get("ttl_seconds")) is not None:
        spec["ttlStrategy"] = Flow({"secondsAfterCompletion": int(seconds)})
    return spec


def _command(pipeline: Pipeline, images: Images, root: str | None, *, is_told: bool) -> list[str]:
    """What starts every step."""
    command = [images.common.python, "-I", CODE, "argo", DATA, word(pipeline.name), "{{workflow.name}}"]
    if root is not None:
        command.append(f"@root={root}")
    if is_told:
        command.append("@message=/dev/termination-log")
    return command


def _cron(pipeline: Pipeline, name: str) -> tuple[str, Mapping[str, Yaml]] | None:
    schedule = pipeline.schedule
    if schedule is None:
        return None
    spec: dict[str, Yaml] = {}
    if schedule.cron is not None:
        spec["schedules"] = [schedule.cron]
        spec["timezone"] = schedule.timezone
    else:
        assert schedule.interval is not None, "the ledger refuses other schedules"
        spec["schedules"] = [f"@every {duration(schedule.interval)}"]
    if pipeline.config.settings:
        from pipec.backends.argo import pods

        spec |= pods.cron_fields(pipeline.config)
    spec["workflowSpec"] = {"workflowTemplateRef": Flow({"name": name})}
    return names.dns_label(schedule.name or name, names.LONGEST_CRON, "schedule"), spec
