"""The version of pipec: a constant, so that `pipec --version` reads no package metadata."""

__version__ = "0.1.0"
