"""What the commands that run pipelines and look into the store do; `pipec.compiler.cli` has their grammar."""
