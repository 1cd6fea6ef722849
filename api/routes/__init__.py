"""HTTP routes, one module per concern; each asks `api.access` before it hands out content."""
