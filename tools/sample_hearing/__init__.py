"""How the sample hearings under ``samples/`` are made: script, voices, timeline, mixing, references."""
