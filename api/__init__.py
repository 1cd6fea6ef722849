"""The server: ingest, media, pages and the command line, composed from the packages below it."""
