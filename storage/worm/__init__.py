"""Write-once storage of evidence, named by its SHA-256."""
