"""Steps whose code is not in the project: their signatures, shipped for ZenML's integrations, or from `[tool.pipec.stubs]`.

A signature is written as in Python, with dotted names for types:

    "company.steps:clean" = "(frame: pandas.DataFrame, limit: int = 3) -> pandas.DataFrame"

Such a step compiles with a warning: its image must hold the package that defines it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.values import External, FunctionValue, SdkSymbol, Setting, StepValue
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.source import Span

_SERVICE = "deploy_decision: bool = True, timeout: int = 300"
_CHECK = "check_list=None, dataset_kwargs=None, check_kwargs=None, run_kwargs=None"
_MLFLOW = "model_name: str = 'model', workers: int = 1, mlserver: bool = False, timeout: int = 300"
_HTML = "zenml.types.HTMLString"
_REPORT = (
    "(reference_dataset: pandas.DataFrame, comparison_dataset: pandas.DataFrame | None = None, column_mapping=None,"
    " ignored_cols: list[str] | None = None, metrics=None, report_options=None, download_nltk_data: bool = False)"
    f" -> tuple[Annotated[str, 'report_json'], Annotated[{_HTML}, 'report_html']]"
)
_TEST = (
    "(reference_dataset: pandas.DataFrame, comparison_dataset: pandas.DataFrame | None, column_mapping=None,"
    " ignored_cols: list[str] | None = None, tests=None, test_options=None, download_nltk_data: bool = False)"
    f" -> tuple[Annotated[str, 'test_json'], Annotated[{_HTML}, 'test_html']]"
)
_PROFILE = (
    "(reference_dataset: pandas.DataFrame, comparison_dataset: pandas.DataFrame | None = None, column_mapping=None,"
    " ignored_cols: list[str] | None = None, profile_sections=None, verbose_level: int = 1, profile_options=None,"
    f" dashboard_options=None) -> tuple[Annotated[Any, 'profile'], Annotated[{_HTML}, 'dashboard']]"
)
SHIPPED: dict[str, dict[str, str]] = {
    "bentoml": {
        "bento_builder_step": "(model, model_name: str, model_type: str, service: str, version: str | None = None,"
        " labels=None, description: str | None = None, include: list[str] | None = None,"
        " exclude: list[str] | None = None, python=None, docker=None, working_dir: str | None = None) -> bentoml.Bento",
        "bentoml_model_deployer_step": "(bento, model_name: str, port: int, deployment_type=None,"
        " deploy_decision: bool = True, workers: int | None = 1, backlog: int | None = 2048, production: bool = False,"
        " working_dir: str | None = None, host: str | None = None, image: str | None = None, image_tag: str | None = None,"
        " platform: str | None = None, ssl_certfile: str | None = None, ssl_keyfile: str | None = None,"
        " ssl_keyfile_password: str | None = None, ssl_version: str | None = None, ssl_cert_reqs: str | None = None,"
        " ssl_ca_certs: str | None = None, ssl_ciphers: str | None = None, timeout: int = 30) -> Any",
    },
    "deepchecks": {
        "deepchecks_data_drift_check_step": "(reference_dataset: pandas.DataFrame, target_dataset: pandas.DataFrame,"
        f" {_CHECK}) -> deepchecks.core.SuiteResult",
        "deepchecks_data_integrity_check_step": f"(dataset: pandas.DataFrame, {_CHECK}) -> deepchecks.core.SuiteResult",
        "deepchecks_model_drift_check_step": "(reference_dataset: pandas.DataFrame, target_dataset: pandas.DataFrame,"
        f" model, {_CHECK}) -> deepchecks.core.SuiteResult",
        "deepchecks_model_validation_check_step": f"(dataset: pandas.DataFrame, model, {_CHECK})"
        " -> deepchecks.core.SuiteResult",
    },
    "discord": {
        "discord_alerter_ask_step": "(message: str, params=None) -> bool",
        "discord_alerter_post_step": "(message: str, params=None) -> bool",
    },
    "evidently": {
        "evidently_profile_step": _PROFILE,
        "evidently_report_step": _REPORT,
        "evidently_test_step": _TEST,
    },
    "facets": {
        "facets_dict_visualization_step": "(dataframes: dict[str, pandas.DataFrame]) -> Any",
        "facets_list_visualization_step": "(dataframes: list[pandas.DataFrame]) -> Any",
        "facets_visualization_step": "(reference: pandas.DataFrame, comparison: pandas.DataFrame) -> Any",
    },
    "great_expectations": {
        "great_expectations_profiler_step": "(dataset: pandas.DataFrame, expectation_suite_name: str,"
        " data_asset_name: str | None = None, profiler_kwargs=None, overwrite_existing_suite: bool = True) -> Any",
        "great_expectations_validator_step": "(dataset: pandas.DataFrame, expectation_suite_name: str,"
        " data_asset_name: str | None = None, action_list=None, exit_on_error: bool = False) -> Any",
    },
    "huggingface": {"huggingface_model_deployer_step": f"(service_config, {_SERVICE}) -> Any"},
    "label_studio": {
        "get_labeled_data": "(dataset_name: str) -> list",
        "get_or_create_dataset": "(label_config: str, dataset_name: str) -> str",
        "sync_new_data_to_label_studio": "(uri: str, dataset_name: str, predictions: list, params) -> None",
    },
    "mlflow": {
        "mlflow_model_deployer_step": "(model, deploy_decision: bool = True, experiment_name: str | None = None,"
        f" run_name: str | None = None, {_MLFLOW}) -> Any",
        "mlflow_model_registry_deployer_step": "(registry_model_name: str, registry_model_version: str | None = None,"
        f" registry_model_stage=None, replace_existing: bool = True, {_MLFLOW}) -> Any",
        "mlflow_register_model_step": "(model, name: str, version: str | None = None,"
        " trained_model_name: str | None = 'model', model_source_uri: str | None = None,"
        " experiment_name: str | None = None, run_name: str | None = None, run_id: str | None = None,"
        " description: str | None = None, metadata=None) -> None",
    },
    "seldon": {
        "seldon_custom_model_deployer_step": f"(model, predict_function: str, service_config, {_SERVICE}) -> Any",
        "seldon_mlflow_registry_deployer_step": "(service_config, registry_model_name: str | None = None,"
        " registry_model_version: str | None = None, registry_model_stage=None, replace_existing: bool = True,"
        " timeout: int = 300) -> Any",
        "seldon_model_deployer_step": f"(model, service_config, {_SERVICE}) -> Any",
    },
    "slack": {
        "slack_alerter_ask_step": "(message: str, params=None) -> bool",
        "slack_alerter_post_step": "(message: str | None = None, params=None) -> bool",
    },
    "whylogs": {"whylogs_profiler_step": "(dataset: pandas.DataFrame, dataset_timestamp=None) -> Any"},
}
"""The steps of `zenml.integrations.<integration>.steps` (ZenML 0.9x), by integration."""

UNCACHED = frozenset(
    """mlflow_model_deployer_step mlflow_model_registry_deployer_step huggingface_model_deployer_step get_labeled_data
    get_or_create_dataset sync_new_data_to_label_studio seldon_model_deployer_step seldon_custom_model_deployer_step
    seldon_mlflow_registry_deployer_step""".split()
)
"""Those of them that ZenML never caches."""

_OWN = {
    "pipec.runtime.commands.run": "(command: list[str] | str) -> None",
    "pipec.runtime.checks.check": "(failure: Any) -> None",
}
"""Steps of pipec's own runtime."""

_NAMES = {"Any": "typing.Any", "Annotated": "typing.Annotated", "Optional": "typing.Optional", "Union": "typing.Union"}


@dataclass(frozen=True, slots=True)
class Stub:
    """A step outside the project.

    Attributes:
        path: the dotted path under which the program imports it.
        signature: its signature, `(x: int) -> str`.
        integration: the integration of ZenML's that defines it, or nothing.
    """

    path: str
    signature: str
    integration: str = ""


def find(declared: Mapping[str, str], path: str) -> Stub | None:
    """The step of that dotted path.

    Args:
        declared: signatures by `module:name` or dotted path, as `[tool.pipec.stubs]` gives them.
        path: the dotted path under which the program imports it.
    """
    if path in _OWN:
        return Stub(path, _OWN[path])
    module, _, name = path.rpartition(".")
    signature = declared.get(path) or declared.get(f"{module}:{name}")
    if signature is not None:
        return Stub(path, signature)
    parts = path.split(".")
    if parts[:2] != ["zenml", "integrations"] or len(parts) < 5 or parts[3] != "steps":
        return None
    signature = SHIPPED.get(parts[2], {}).get(name)
    return None if signature is None else Stub(path, signature, parts[2])


def step_of(stub: Stub, span: Span) -> StepValue:
    """The step as the evaluator sees it; `span` is where it is imported."""
    options = {"enable_cache": Setting(False, span)} if stub.path.rpartition(".")[2] in UNCACHED else {}
    return StepValue(External(stub.path), options)


def function_of(interpreter: Interpreter, stub: Stub, span: Span) -> FunctionValue | Diagnostic:
    """A function with the stub's signature, in a module of its own in which each dotted name is external."""
    from pipec.compiler.frontend.modules import Module
    from pipec.compiler.frontend.values import Frame
    from pipec.compiler.source import SourceFile

    module_name, _, name = stub.path.rpartition(".")
    text = f"def {name}{stub.signature}:\n    return 0, 0\n"
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        message = f"the signature of `{stub.path}` in `[tool.pipec.stubs]` cannot be read: {error.msg}"
        return Diagnostic("PC0504", message, span, help="write it as \"(x: int, y: str = 'a') -> float\"")
    (node,) = tree.body
    if not isinstance(node, ast.FunctionDef) or len(tree.body) != 1:
        return Diagnostic("PC0504", f"`{stub.signature}` is not the signature of a function", span)
    names: dict[str, Any] = {}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id not in _BUILT_IN:
            is_zenml = inner.id == "zenml"
            names[inner.id] = SdkSymbol("zenml", "zenml") if is_zenml else External(_NAMES.get(inner.id, inner.id))
    module = Module(module_name, SourceFile("pyproject.toml", text), tree, None, False, names, has_run=True)
    defaults = interpreter.defaults_of(node.args, Frame(module, names))
    return FunctionValue(node, module, name, None, defaults)


_BUILT_IN = frozenset({"int", "float", "str", "bool", "bytes", "list", "dict", "tuple", "set", "frozenset", "object"})


def warning(stub: Stub, span: Span) -> Diagnostic | None:
    """What is said of each such step: what its image must hold; nothing of pipec's own."""
    if stub.path in _OWN:
        return None
    name = stub.path.rpartition(".")[2]
    package = stub.path.partition(".")[0]
    holds = f"`zenml` with its integration `{stub.integration}`" if stub.integration else f"the package `{package}`"
    note = (
        "it talks to a ZenML server and its stack"
        if stub.integration
        else "its code is not checked, and no cache key follows it"
    )
    return Diagnostic(
        "PC0224",
        f"`{name}` is defined outside the project: its image must hold {holds}",
        span,
        severity=Severity.WARNING,
        notes=(note,),
        help=f"`zenml integration install {stub.integration}` installs it" if stub.integration else "",
    )
