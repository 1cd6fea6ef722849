"""The fuzzing process itself, which campaign.py starts: `python -m tests.fuzz.guided MODULE:FUNCTION [ARGUMENT …]`.

Everything that is to guide the search is imported here, under atheris's eyes; libFuzzer ends the process.
"""

import importlib
import sys

import atheris

INSTRUMENTED = ["court", "hardware", "recorder", "storage", "tomllib", "zipfile"]

if __name__ == "__main__":
    module, _, function = sys.argv[1].partition(":")
    for loaded in ("tomllib", "zipfile"):
        sys.modules.pop(loaded, None)
    with atheris.instrument_imports(include=INSTRUMENTED):
        target = getattr(importlib.import_module(module), function)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], atheris.instrument_func(target))
    atheris.Fuzz()
