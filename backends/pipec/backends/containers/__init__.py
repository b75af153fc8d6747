"""Builds the images that steps run in, pushes them, and notes their digests in `pipec.lock`.

The only package that speaks to a container engine: through Docker's SDK for Python, which Podman's socket understands as well,
and through the `docker` command line where BuildKit is wanted. `builder.py` is where to begin.
"""
