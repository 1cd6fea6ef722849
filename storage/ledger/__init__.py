"""The evidence ledger: signed leaves, chains, one Merkle log. Pure: no files, no clock, no globals."""
