"""The images that steps run in: which there are, what is in each, and how generated files name them."""
