"""The registry of diagnostics. A code is never used twice for different faults; each has a page in `explain/`.

Phases: 01 syntax and files, 02 names and types, 03 pipeline graph, 04 target, 05 configuration, 06 containers, 07 run,
09 internal.
"""

from __future__ import annotations

from pipec.compiler.record import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of diagnostic: its slug, which states the fault, and a one-line summary."""

    slug: str
    summary: str


CODES: dict[str, Code] = {
    # 01: syntax and files
    "PC0101": Code("syntax-error", "a source file is not valid Python"),
    "PC0102": Code("unreadable-file", "a file cannot be read"),
    "PC0103": Code("not-text", "a source file is not text that Python can decode"),
    "PC0104": Code("source-too-large", "a source file is larger than the limit"),
    "PC0105": Code("no-pipeline", "no pipeline is defined where one was asked for"),
    "PC0106": Code("nested-too-deep", "a source file is nested deeper than can be read"),
    "PC0107": Code("invalid-ir-file", "a `.ir.json` file is not the JSON form of a pipeline"),
    # 02: names and types
    "PC0201": Code("unknown-name", "a name is not defined"),
    "PC0202": Code("unknown-import", "an imported module or name does not exist in the project"),
    "PC0203": Code("import-cycle", "modules import each other in a circle and a name is needed before it exists"),
    "PC0204": Code("unknown-value", "a value that the compiler needs cannot be known before the run"),
    "PC0205": Code("unknown-attribute", "an object has no such attribute"),
    "PC0206": Code("failed-evaluation", "an expression raises an exception when it is evaluated"),
    "PC0207": Code("type-mismatch", "a value has a type that its receiver does not take"),
    "PC0208": Code("reserved-module", "the project has a module whose name belongs to pipec or ZenML"),
    "PC0209": Code("evaluation-limit", "the evaluation takes more steps or memory than its bound"),
    "PC0210": Code("unsupported-syntax", "a construct is not supported in this place"),
    "PC0211": Code("opaque-step", "a step is defined outside the project and its code is not known"),
    "PC0212": Code("legacy-api", "the program uses an API that ZenML removed"),
    "PC0213": Code("host-read", "the program reads the machine that compiles it"),
    "PC0214": Code("dropped-effect", "a call whose result the graph does not use is left out"),
    "PC0220": Code("host-shapes-graph", "what only a step's container knows decides the shape of the graph"),
    "PC0221": Code("version-not-made", "an artifact is looked up in a version of a model that no run has made"),
    "PC0222": Code("run-fact", "the clock or a draw becomes a fact of the run"),
    "PC0223": Code("file-read", "a file of the project is read while the pipeline is compiled"),
    "PC0224": Code("stubbed-step", "a step is defined outside the project and its signature is taken from a stub"),
    "PC0225": Code("dropped-wrapper", "what wraps a step in the pipeline does not travel with the step"),
    "PC0226": Code("unknown-data-file", "which data file a step reads is not known, so it does not travel"),
    "PC0227": Code("file-stays", "a data file cannot travel with the code"),
    "PC0228": Code("draw-in-loop", "a draw in a loop of the run would be the same in each iteration"),
    # 03: pipeline graph
    "PC0301": Code("missing-argument", "a call leaves out an argument that has no default"),
    "PC0302": Code("unknown-argument", "a call passes an argument that the step does not take"),
    "PC0303": Code("wrong-arity", "a result is unpacked into the wrong number of names"),
    "PC0304": Code("unknown-step-id", "`after=` names a step that the pipeline does not call"),
    "PC0305": Code("duplicate-id", "two calls have the same id"),
    "PC0306": Code("duplicate-pipeline", "two pipelines have the same name"),
    "PC0307": Code("cycle", "steps wait for one another in a circle"),
    "PC0308": Code("empty-pipeline", "a pipeline calls no step"),
    "PC0309": Code("result-as-value", "the result of a step is used as if it were known"),
    "PC0310": Code("no-output", "the result of a step that returns nothing is used"),
    "PC0311": Code("invalid-step", "a step function has a signature that cannot be called"),
    "PC0312": Code("unsupported-control-flow", "control flow over a run-time value that cannot be expressed"),
    "PC0313": Code("unsupported-argument", "a value cannot travel to a step"),
    "PC0314": Code("duplicate-argument", "a call passes one argument twice"),
    "PC0315": Code("unused-result", "a pipeline returns a value that is not a result"),
    "PC0316": Code("parameter-without-value", "a parameter that shapes the graph has no value"),
    "PC0317": Code("frozen-parameter", "a parameter shapes the graph and is fixed at compile time"),
    "PC0318": Code("duplicate-output", "a step names two outputs alike"),
    "PC0319": Code("invalid-pipeline", "a pipeline function has a signature that cannot be compiled"),
    "PC0321": Code("nested-configuration", "the configuration of an inner pipeline has no effect"),
    "PC0320": Code("swallowed-failure", "an exception of a step cannot be caught in a pipeline"),
    "PC0322": Code("may-be-unbound", "a name is bound in one arm of a condition only, and read after it"),
    "PC0323": Code("arms-differ", "the arms of a condition leave different things that no run can carry"),
    "PC0324": Code("carried-by-loop", "an iteration of a loop of the run takes a value from the one before"),
    "PC0325": Code("leaves-loop", "`break` or `return` leaves a loop of the run"),
    "PC0326": Code("loop-without-step", "a loop of the run computes a list and calls no step"),
    "PC0327": Code("changed-in-place", "a value that only a run knows is changed in place"),
    "PC0328": Code("raises-in-run", "only a run knows whether the pipeline raises"),
    "PC0329": Code("dynamic-only", "something that only a program beside the run could do"),
    "PC0330": Code("nothing-to-map", "the arguments of a mapped call do not say how often it is made"),
    "PC0331": Code("shared-container", "a condition decides which list or dict a name is, and it is changed in place"),
    # 04: target
    "PC0401": Code("unsupported-feature", "the target cannot do what the program asks"),
    "PC0402": Code("ignored-feature", "a setting has no meaning on the target"),
    "PC0403": Code("over-limit", "the program exceeds a limit of the target"),
    "PC0404": Code("unrepresentable-value", "a value cannot be carried by the target"),
    "PC0405": Code("unknown-target", "there is no such target"),
    "PC0406": Code("illegal-name", "a name cannot be made legal on the target"),
    "PC0407": Code("near-limit", "the program is close to a limit of the target"),
    "PC0408": Code("install-at-start", "steps install their requirements each time they start"),
    "PC0430": Code("needs-a-store", "a part of the program needs a store that the target does not have"),
    "PC0431": Code("schedule-beyond-target", "a schedule asks for what the target's scheduler cannot do"),
    "PC0410": Code("fail-fast-with-skips", "Airflow cannot stop at the first failure where steps may be skipped"),
    "PC0411": Code("not-in-airflow-2", "Airflow 2 cannot do, or does not call the same, what the program asks"),
    # 05: configuration
    "PC0501": Code("unknown-setting", "a decorator or settings object has no such field"),
    "PC0502": Code("invalid-setting", "a setting has a value that is not allowed"),
    "PC0503": Code("unknown-option", "a target has no such option"),
    "PC0504": Code("invalid-project-file", "`[tool.pipec]` cannot be read"),
    "PC0505": Code("unknown-parameter", "a value is given for a parameter that the pipeline does not have"),
    "PC0506": Code("invalid-parameter-value", "a value given for a parameter does not fit its type"),
    "PC0507": Code("literal-secret", "a literal credential would reach a generated file"),
    "PC0508": Code("foreign-file", "a file that pipec did not write stands where it would write"),
    "PC0509": Code("stale-file", "a generated file is not what would be generated now"),
    "PC0510": Code("invalid-hook", "a hook is not a function that can be called as one"),
    "PC0511": Code("unknown-requirement", "an import cannot be traced to a distribution"),
    "PC0512": Code("unknown-stack", "the project has no such stack"),
    "PC0513": Code("invalid-run-configuration", "a run configuration is not there, or is not a table of keys"),
    "PC0514": Code("baked-environment", "an environment variable of the compiling machine would get into a file"),
    "PC0515": Code("hook-never-called", "a hook is for an event that never happens"),
    "PC0516": Code("unknown-configured-step", "a run configuration configures a step that the pipeline does not call"),
    "PC0517": Code("contradicting-parameter", "a run configuration and a call give a step different values"),
    "PC0518": Code("invalid-schedule", "a schedule is wrong, or stands for a moment that never comes"),
    "PC0519": Code("schedule-of-the-clock", "a schedule depends on when the pipeline is compiled"),
    "PC0520": Code("naive-time", "a time of a schedule names no time zone"),
    "PC0521": Code("driver-ignored", "what the code that starts a pipeline says has no effect"),
    "PC0522": Code("option-without-effect", "an option of a run means nothing outside of ZenML, or is not known"),
    "PC0550": Code("edited-by-hand", "a generated file was changed by somebody else than pipec"),
    "PC0551": Code("orphaned-file", "a generated file whose source is gone"),
    "PC0552": Code("unknown-file", "a file that pipec never wrote lies in a folder of its own"),
    "PC0553": Code("unreadable-revision", "the old version of the sources cannot be read from git"),
    # 07: run
    "PC0701": Code("missing-parameter", "a run parameter has no value"),
    "PC0702": Code("several-pipelines", "a file has several pipelines and none is named"),
    "PC0703": Code("store-unusable", "the folder of the store cannot be written"),
    "PC0704": Code("step-failed", "a step of a run failed"),
    "PC0705": Code("unknown-secret", "a step needs a secret that is not known here"),
    "PC0706": Code("unknown-run", "there is no such run in the store"),
    "PC0707": Code("unknown-step", "a command names a step that the pipeline does not call"),
    "PC0708": Code("no-earlier-result", "a part of a pipeline needs a result that no earlier run has"),
    # 09: internal
    "PC0901": Code("invalid-ir", "the compiler made an invalid intermediate representation"),
    "PC0902": Code("invalid-output", "the compiler wrote something that its own check refuses"),
}
