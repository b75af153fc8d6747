"""From the modules that code imports to the distributions that bring them.

A name is traced through the project's own declarations first, then through a table of well-known names. What neither
knows is not guessed: installing a distribution that merely has the name of an import is how typo-squatting works.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pipec.compiler.frontend.modules import ModuleTable

DISTRIBUTIONS = {
    "attr": "attrs", "bs4": "beautifulsoup4", "cv2": "opencv-python", "Crypto": "pycryptodome", "dateutil": "python-dateutil",
    "docx": "python-docx", "dotenv": "python-dotenv", "faiss": "faiss-cpu", "fitz": "PyMuPDF", "git": "GitPython",
    "google.cloud.bigquery": "google-cloud-bigquery", "google.cloud.storage": "google-cloud-storage", "jose": "python-jose",
    "jwt": "PyJWT", "magic": "python-magic", "OpenSSL": "pyOpenSSL", "PIL": "pillow", "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary", "pytorch_lightning": "pytorch-lightning", "sentence_transformers": "sentence-transformers",
    "serial": "pyserial", "skimage": "scikit-image", "sklearn": "scikit-learn", "skopt": "scikit-optimize",
    "surprise": "scikit-surprise", "torch_geometric": "torch-geometric", "umap": "umap-learn", "usb": "pyusb",
    "websocket": "websocket-client", "yaml": "PyYAML", "zmq": "pyzmq", "huggingface_hub": "huggingface-hub",
    "langchain_openai": "langchain-openai", "langchain_community": "langchain-community", "lightning": "lightning",
    "pydantic_settings": "pydantic-settings", "typing_extensions": "typing-extensions", "great_expectations": "great-expectations",
    "prometheus_client": "prometheus-client", "tensorflow_datasets": "tensorflow-datasets", "imblearn": "imbalanced-learn",
}  # fmt: skip
"""Import names whose distribution is called otherwise."""

SAME_NAME = frozenset(
    """accelerate aiohttp altair anthropic arrow azure boto3 botocore bokeh catboost category_encoders cloudpickle
    click dask datasets datadog deepchecks dill django duckdb evaluate evidently fairlearn fastapi fastparquet
    feast flask folium fsspec gensim gradio h5py httpx hydra hyperopt jax joblib jsonschema keras kfp langchain
    langgraph lightgbm litellm llama_index loguru lxml matplotlib mlflow mlxtend neptune networkx nltk numba numpy
    omegaconf onnx onnxruntime openai openpyxl optuna orjson orbit pandas pandera peft pinecone plotly polars
    prefect prophet psutil psycopg pyarrow pydantic pymongo pytest pyspark ray redis regex requests rich s3fs
    gcsfs sacremoses scipy seaborn sentencepiece shap skorch spacy sqlalchemy statsmodels streamlit sympy tabulate
    tensorboard tensorflow textblob tiktoken timm tokenizers torch torchaudio torchmetrics torchvision tqdm
    transformers trl typer ultralytics uvicorn vaderSentiment wandb whylogs xarray xgboost yfinance zenml""".split()
)
"""Import names whose distribution is called alike."""

OTHERS: dict[str, tuple[str, ...]] = {
    "cv2": ("opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "faiss": ("faiss-gpu", "faiss-gpu-cu12"),
    "tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tensorflow-gpu"),
    "psycopg2": ("psycopg2",),
    "lightning": ("pytorch-lightning",),
    "onnxruntime": ("onnxruntime-gpu",),
    "xgboost": ("xgboost-cpu",),
}
"""Other distributions that bring a module; a project that declares one of them means it."""

_NAME = pattern(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(.*?)\s*$")


def requirements_of(table: ModuleTable, modules: Iterable[str]) -> tuple[tuple[str, ...], list[Diagnostic]]:
    """The requirement strings for these imported modules, sorted, and a warning for each that cannot be traced."""
    modules = sorted(set(modules))
    if not modules:
        return (), []
    declared = declared_requirements((table.root, *table.source_roots))
    found: dict[str, str] = {}
    unknown: set[str] = set()
    for module in modules:
        distribution = _distribution(module, declared)
        if distribution is None:
            unknown.add(module.partition(".")[0])
        else:
            found[normalise(distribution)] = declared.get(normalise(distribution), distribution)
    return tuple(found[key] for key in sorted(found)), [_untraced(name) for name in sorted(unknown)]


def _distribution(module: str, declared: dict[str, str]) -> str | None:
    """The distribution that brings a module: one that the project declares, else the one of the table."""
    parts = module.split(".")
    for name in OTHERS.get(parts[0], ()):
        if name in declared:
            return _name_of(declared[name])
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in DISTRIBUTIONS:
            return DISTRIBUTIONS[name]
        dashed = normalise(name.replace(".", "-"))
        if dashed in declared:
            return _name_of(declared[dashed])
    top = parts[0]
    return top.replace("_", "-") if top in SAME_NAME else None


def _name_of(requirement: str) -> str:
    match = _NAME.match(requirement)
    return match.group(1) if match else requirement


def normalise(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@lru_cache(maxsize=8)
def declared_requirements(folders: tuple[Path, ...]) -> dict[str, str]:
    """What the project declares, by normalised name: `pyproject.toml`, `requirements*.txt`, then lock files by name alone.

    Args:
        folders: where these files may stand, the first that says something wins.
    """
    found: dict[str, str] = {}
    for folder in dict.fromkeys(folders):
        for line in [*_from_pyproject(folder / "pyproject.toml"), *_from_files(folder)]:
            text = line.split(";")[0].split(" #")[0].strip()
            match = _NAME.match(text)
            if match and not text.startswith(("-", "#")) and "://" not in text:
                found.setdefault(normalise(match.group(1)), text.replace(" ", ""))
    for folder in dict.fromkeys(folders):
        for name in _from_locks(folder):
            found.setdefault(normalise(name), name)
    return found


def _from_locks(folder: Path) -> list[str]:
    """The names of the distributions that a lock file pins (`uv.lock`, `poetry.lock`)."""
    import tomllib

    names: list[str] = []
    for file in (folder / "uv.lock", folder / "poetry.lock"):
        try:
            packages: Any = tomllib.loads(file.read_text(encoding="utf-8")).get("package", [])
        except (OSError, ValueError):
            continue
        names += [one["name"] for one in packages if isinstance(one, dict) and isinstance(one.get("name"), str)]
    return names


def _from_pyproject(file: Path) -> list[str]:
    import tomllib

    try:
        data: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    project = data.get("project")
    project = project if isinstance(project, dict) else {}
    optional = project.get("optional-dependencies")
    groups = [project.get("dependencies"), *(optional.values() if isinstance(optional, dict) else ())]
    more = data.get("dependency-groups")
    groups += more.values() if isinstance(more, dict) else ()
    listed = [one for group in groups if isinstance(group, list) for one in group if isinstance(one, str)]
    poetry = data.get("tool", {}).get("poetry", {}) if isinstance(data.get("tool"), dict) else {}
    return [*listed, *_from_poetry(poetry)]


def _from_poetry(table: Any) -> list[str]:
    """The names in `[tool.poetry.dependencies]` and its groups; their version words are poetry's own."""
    if not isinstance(table, dict):
        return []
    inner = table.get("group")
    tables = [table.get("dependencies"), *(inner.values() if isinstance(inner, dict) else ())]
    found: list[str] = []
    for one in tables:
        names = one.get("dependencies", one) if isinstance(one, dict) else {}
        found += [name for name in names if isinstance(name, str) and name != "python"]
    return found


def _from_files(root: Path) -> list[str]:
    lines: list[str] = []
    for file in sorted(root.glob("requirements*.txt")):
        try:
            lines += file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
    return lines


def _untraced(name: str) -> Diagnostic:
    return Diagnostic(
        "PC0511",
        f"no distribution is known that brings `{name}`",
        severity=Severity.WARNING,
        notes=("it is left out of the requirements of the steps that import it",),
        help="declare it in `pyproject.toml` or `requirements.txt`",
    )
