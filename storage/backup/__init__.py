"""Backups of what no write-once store keeps: the database, which holds the ledger, and the keys. Encrypted with age."""
