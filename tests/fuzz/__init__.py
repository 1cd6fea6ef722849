"""Hostile bytes for every parser: targets, their corpus, and a coverage-guided fuzzer (atheris) that looks for more."""
