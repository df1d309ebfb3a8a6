"""The Connect REST API, health and metrics."""
