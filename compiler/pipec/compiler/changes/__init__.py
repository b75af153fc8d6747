"""What changed between two versions of a pipeline, in meaning and in words (`pipec diff`, `compile --check`, `--diff`)."""
