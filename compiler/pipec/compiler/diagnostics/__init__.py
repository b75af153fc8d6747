"""Diagnostics: the model, the registry of codes, near names, and (in modules of their own) the renderers."""

from pipec.compiler.diagnostics.codes import CODES, Code
from pipec.compiler.diagnostics.model import Diagnostic, Edit, Fix, Label, Severity, has_errors, in_order

__all__ = ["CODES", "Code", "Diagnostic", "Edit", "Fix", "Label", "Severity", "has_errors", "in_order"]
