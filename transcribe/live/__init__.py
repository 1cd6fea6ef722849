"""Text while the hearing runs: provisional, never evidence, replaced by the windows' transcript."""
