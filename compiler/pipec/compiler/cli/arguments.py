"""The grammar of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

FORMATS = ("text", "json", "github", "sarif")


class _Formatter(argparse.HelpFormatter):
    """As argparse's own, which asks for the width of the terminal (and imports `shutil`) for each argument that it adds."""

    def __init__(self, prog: str, width: int | None = None, **rest: Any) -> None:
        super().__init__(prog, width=width or _width(), **rest)


def _width() -> int:
    import os

    try:
        return max(40, int(os.environ.get("COLUMNS") or os.get_terminal_size().columns) - 2)
    except (OSError, ValueError):
        return 78


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", _Formatter)
        super().__init__(**options)


def parse(words: list[str]) -> argparse.Namespace:
    """The parsed command line; `run` in it is the function that carries it out.

    Raises:
        SystemExit: with 2, the usage is wrong; with 0, help was asked for.
    """
    # Messages are English wherever pipec runs; looking for translations costs 2 % of a compilation.
    argparse._ = lambda text: text  # type: ignore[attr-defined]
    parser = _Parser(
        prog="pipec",
        description="Compiles machine-learning pipelines, read as text, to files for Airflow, Kubeflow and Argo.",
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, add in _COMMANDS.items():
        # A command's own grammar is all that its call needs: the others cost 5 % of a compilation.
        if words[:1] == [name] or not words or words[0] not in _COMMANDS:
            add(commands)
    parsed = parser.parse_args(words)
    if parsed.version or not hasattr(parsed, "run"):
        parsed.run = _version if parsed.version else lambda _: _usage(parser)
    return parsed


def _usage(parser: argparse.ArgumentParser) -> int:
    import sys

    parser.print_help(sys.stderr)
    return 2


def _version(_: argparse.Namespace) -> int:
    from pipec.compiler.version import __version__

    print(f"pipec {__version__}")
    return 0


def _program(parser: argparse.ArgumentParser, formats: tuple[str, ...] = FORMATS) -> None:
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="FILE[:PIPELINE]",
        help="Python files, or .ir.json; by default what [tool.pipec] names, else every pipeline of the project",
    )
    parser.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another default for a run parameter",
    )
    parser.add_argument(
        "--bind", action="append", default=[], metavar="NAME=VALUE", help="fix a parameter at compile time"
    )
    _configured(parser)
    parser.add_argument(
        "-O", "--option", action="append", default=[], metavar="OPTION=VALUE", help="an option of the target"
    )
    parser.add_argument("--format", choices=formats, default="text", help="how the result is printed (default: text)")


def _configured(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="YAML", help="a run configuration, as ZenML's config_path")
    parser.add_argument("--stack", metavar="NAME", help="a stack of the project: [tool.pipec.stack.NAME]")


def _compile(commands: Any) -> None:
    parser = commands.add_parser("compile", help="write the files of a target")
    _program(parser)
    parser.add_argument(
        "-t", "--target", action="append", default=[], help="airflow, kubeflow, argo or ir; several with commas"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="output folder; - prints (default: dags/, kubeflow/, argo/, ir/)"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file is not what would be written, and say why"
    )
    parser.add_argument(
        "--diff", action="store_true", help="write nothing; print what would change, in meaning and as text"
    )
    parser.add_argument("--force", action="store_true", help="overwrite files that pipec did not write")
    parser.add_argument("-q", "--quiet", action="store_true", help="print warnings and errors only")
    parser.set_defaults(run=_lazily("compile"))


def _check(commands: Any) -> None:
    parser = commands.add_parser("check", help="say what is wrong; write nothing")
    _program(parser)
    parser.add_argument("-t", "--target", action="append", default=[], help="also what these targets cannot do")
    parser.add_argument("-q", "--quiet", action="store_true", help="print warnings and errors only")
    parser.set_defaults(run=_lazily("check"))


def _diff(commands: Any) -> None:
    parser = commands.add_parser("diff", help="say in words what changed since a git revision")
    parser.add_argument("revision", metavar="REV", help="a git revision: `main`, `HEAD`, `v1.2`, …")
    _program(parser, ("text", "json", "github", "markdown"))
    parser.set_defaults(run=_lazily("diff"))


def _build(commands: Any) -> None:
    parser = commands.add_parser("build", help="the images that steps run in: plan, write or build them")
    parser.add_argument("sources", nargs="*", metavar="FILE[:PIPELINE]", help="as for `compile`")
    parser.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="as for `compile`")
    parser.add_argument("--bind", action="append", default=[], metavar="NAME=VALUE", help="as for `compile`")
    _configured(parser)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--plan", action="store_true", help="say which images there are; build nothing")
    mode.add_argument("--emit", metavar="DIR", help="write Dockerfiles and contexts for another builder; build nothing")
    mode.add_argument("--push", action="store_true", help="push what was built, and note the digests in pipec.lock")
    parser.add_argument("--repository", metavar="R", help="where images are pushed, below the registry")
    parser.add_argument(
        "-j", "--jobs", type=_count, metavar="N", help="builds at a time (default: one per CPU, at most 4)"
    )
    parser.add_argument(
        "--builder",
        choices=("auto", "classic", "buildkit"),
        default="auto",
        help="BuildKit where there is one (default)",
    )
    parser.add_argument("--network", metavar="MODE", help="network of the commands in a build: host, none")
    parser.add_argument(
        "--secret", action="append", default=[], metavar="ID=FILE", help="a build secret: a netrc for a private index"
    )
    parser.add_argument("--offline", dest="online", action="store_false", help="--plan: ask no registry what it has")
    parser.add_argument("--update-bases", action="store_true", help="pin base images anew, to what their tags are now")
    parser.add_argument("--no-smoke-test", action="store_true", help="do not import in a built image what runs in it")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how diagnostics are printed (default: text)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print warnings and errors only")
    parser.set_defaults(run=_lazily("build"))


def _verify(commands: Any) -> None:
    parser = commands.add_parser("verify", help="run the files of a target without it")
    _program(parser)
    parser.add_argument("-t", "--target", action="append", default=[], help="argo")
    parser.add_argument(
        "--secrets", action="append", default=[], metavar="NAME=FILE", help="a Secret, as a dotenv file"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print what failed, and outputs")
    parser.set_defaults(run=_lazily("verify"), output=None)


def _submit(commands: Any) -> None:
    parser = commands.add_parser("submit", help="compile, and hand the result to the target's API")
    _program(parser)
    parser.add_argument("-t", "--target", action="append", default=[], help="argo or kubeflow")
    parser.add_argument(
        "--server",
        metavar="URL",
        help="address of the API, asked with the token in PIPEC_TOKEN (default: the target's own configuration)",
    )
    parser.add_argument("-n", "--namespace", help="where it runs (default: the target's own choice)")
    parser.add_argument(
        "--run-name",
        metavar="NAME",
        help="name of the run; one of that name that is there already is not started again",
    )
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--apply-only", action="store_true", help="start no run")
    start.add_argument("--now", action="store_true", help="start a run also of a pipeline that has a schedule")
    parser.add_argument("--wait", action="store_true", help="wait for the end of the run; exit 3 if it failed")
    parser.add_argument("--force", action="store_true", help="take over what something else has applied")
    parser.add_argument("-q", "--quiet", action="store_true", help="print warnings and errors only")
    parser.set_defaults(run=_lazily("submit"))


def _run(commands: Any) -> None:
    parser = commands.add_parser("run", help="run a pipeline on this machine")
    parser.add_argument("sources", nargs=1, metavar="FILE[:PIPELINE]", help="a Python file, or .ir.json")
    parser.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a run parameter")
    parser.add_argument(
        "--bind", action="append", default=[], metavar="NAME=VALUE", help="fix a parameter at compile time"
    )
    _configured(parser)
    parser.add_argument("-j", "--jobs", type=_count, metavar="N", help="most steps at once (default: one a core)")
    parser.add_argument("--no-cache", action="store_true", help="take no results of earlier runs")
    parser.add_argument("--secrets", action="append", default=[], metavar="[NAME=]FILE", help="a dotenv file")
    parser.add_argument("--tag", action="append", default=[], help="a tag of this run")
    parser.add_argument("--artifact-root", metavar="DIR", help="where results lie (default: .pipec in the project)")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--only", action="append", metavar="STEP", help="run this step alone")
    part.add_argument("--from", dest="from_", metavar="STEP", help="run this step and what depends on it")
    part.add_argument("--until", metavar="STEP", help="run this step and what it depends on")
    parser.add_argument("--dry-run", action="store_true", help="say what would run; run and import nothing")
    parser.add_argument("--stub", action="store_true", help="give each step's place to a value of its annotated type")
    parser.add_argument("--resume", metavar="RUN", help="go on with a run that failed or was interrupted")
    parser.add_argument("--reproduce", metavar="RUN", help="run the same again and compare what comes out")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how the result is printed")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and outputs only")
    parser.set_defaults(run=_lazily("run"))


def _store(parser: Any, tag: str = "only what has this tag") -> None:
    parser.add_argument("--stack", metavar="NAME", help="the stack whose store is meant")
    parser.add_argument("--artifact-root", metavar="DIR", help="where results lie (default: .pipec in the project)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--tag", action="append", default=[], help=tag)


def _runs(commands: Any) -> None:
    parser = commands.add_parser("runs", help="what was run: list, show, logs, gc")
    parser.set_defaults(run=_lazily("runs"), action="list", pipeline=None, artifact_root=None, format="text", tag=[])
    actions = parser.add_subparsers(metavar="list|show|logs|gc")
    listed = actions.add_parser("list", help="all runs, the newest first")
    listed.add_argument("--pipeline", help="only those of this pipeline")
    shown = actions.add_parser("show", help="one run: its steps, what they read and made")
    logs = actions.add_parser("logs", help="what the steps of a run printed")
    for each in (shown, logs):
        each.add_argument("run_name", metavar="RUN", help="its identity, or the beginning of it")
    logs.add_argument("step", nargs="?", metavar="STEP", help="only this step")
    removed = actions.add_parser("gc", help="remove old runs; registered artifacts stay")
    removed.add_argument("--keep", type=_count, default=10, metavar="N", help="newest runs of each pipeline that stay")
    for name, each in (("list", listed), ("show", shown), ("logs", logs), ("gc", removed)):
        _store(each, "runs with this tag stay" if each is removed else "only what has this tag")
        each.set_defaults(action=name)


def _models(commands: Any) -> None:
    parser = commands.add_parser("models", help="versions of models: list, show, promote")
    parser.set_defaults(run=_lazily("models"), action="list", artifact_root=None, format="text", tag=[])
    actions = parser.add_subparsers(metavar="list|show|promote")
    listed = actions.add_parser("list", help="all versions of all models")
    shown = actions.add_parser("show", help="one version")
    moved = actions.add_parser("promote", help="put a version into a stage")
    for each in (shown, moved):
        each.add_argument("name", metavar="MODEL[:VERSION]", help="version, number or stage; the newest without")
    moved.add_argument("stage", choices=("staging", "production", "archived"))
    moved.add_argument("--force", action="store_true", help="archive the version that is in that stage")
    for name, each in (("list", listed), ("show", shown), ("promote", moved)):
        _store(each)
        each.set_defaults(action=name)


def _artifacts(commands: Any) -> None:
    parser = commands.add_parser("artifacts", help="registered artifacts: list, show")
    parser.set_defaults(run=_lazily("artifacts"), action="list", artifact_root=None, format="text", tag=[])
    actions = parser.add_subparsers(metavar="list|show")
    listed = actions.add_parser("list", help="the newest version of each")
    shown = actions.add_parser("show", help="one version")
    shown.add_argument("name", metavar="ARTIFACT[:VERSION]")
    for name, each in (("list", listed), ("show", shown)):
        _store(each)
        each.set_defaults(action=name)


def _debug(commands: Any) -> None:
    parser = commands.add_parser("debug", help="run one step of a recorded run again, under pdb")
    parser.add_argument("step", metavar="STEP", help="such as train, or train@2 in a loop")
    parser.add_argument("--run", dest="run_name", metavar="RUN", help="which run (default: the newest)")
    parser.add_argument("--artifact-root", metavar="DIR", help="where results lie (default: .pipec in the project)")
    parser.set_defaults(run=_lazily("debug"))


def _graph(commands: Any) -> None:
    parser = commands.add_parser("graph", help="draw a pipeline: Mermaid, DOT, SVG, or a page that works offline")
    parser.add_argument("sources", nargs=1, metavar="FILE[:PIPELINE]", help="a Python file, or .ir.json")
    parser.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a run parameter")
    parser.add_argument(
        "--bind", action="append", default=[], metavar="NAME=VALUE", help="fix a parameter at compile time"
    )
    _configured(parser)
    parser.add_argument(
        "--format", choices=("mermaid", "dot", "svg", "html"), help="default: what the name of FILE says, else mermaid"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write it there instead of printing it")
    parser.add_argument("--run", dest="run_name", metavar="RUN", help="colour the steps by their state in this run")
    parser.add_argument("--artifact-root", metavar="DIR", help="where runs lie (default: .pipec in the project)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=_lazily("graph"))


def _lsp(commands: Any) -> None:
    parser = commands.add_parser("lsp", help="serve an editor: diagnostics, hover, definitions, fixes")
    parser.add_argument("--stdio", action="store_true", help="over standard input and output, which it does anyway")
    parser.set_defaults(run=_lazily("lsp"), format="text")


def _count(word: str) -> int:
    number = int(word)
    if number < 1:
        raise ValueError(word)
    return number


def _explain(commands: Any) -> None:
    parser = commands.add_parser("explain", help="explain a diagnostic")
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as PC0301; without it all codes are listed")
    parser.set_defaults(run=_lazily("explain"))


def _targets(commands: Any) -> None:
    parser = commands.add_parser("targets", help="list the targets and what they can do")
    parser.add_argument("--ledger", action="store_true", help="what each target does with each feature")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=_lazily("targets"))


def _migrate(commands: Any) -> None:
    parser = commands.add_parser("migrate", help="rewrite what ZenML removed")
    parser.add_argument("files", nargs="+", metavar="FILE", help="Python files; classes of one are known in the others")
    parser.add_argument("--write", action="store_true", help="change the files; without it the changes are printed")
    parser.set_defaults(run=_lazily("migrate"))


def _lazily(name: str) -> Any:
    def run(parsed: argparse.Namespace) -> int:
        import importlib

        status: int = importlib.import_module(f"pipec.compiler.cli.{name}").run(parsed)
        return status

    return run


_COMMANDS: dict[str, Callable[[Any], None]] = {
    "compile": _compile,
    "check": _check,
    "diff": _diff,
    "build": _build,
    "verify": _verify,
    "submit": _submit,
    "run": _run,
    "runs": _runs,
    "models": _models,
    "artifacts": _artifacts,
    "debug": _debug,
    "graph": _graph,
    "lsp": _lsp,
    "explain": _explain,
    "targets": _targets,
    "migrate": _migrate,
}
