"""The capture node: records a hearing into signed, durable segments, and delivers them when it can."""
