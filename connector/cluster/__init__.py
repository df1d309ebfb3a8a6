"""Where connectors and statuses are kept, who is alive, who runs what."""
