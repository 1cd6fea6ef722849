"""Evidence at rest: ledger, write-once objects, database, queue."""
