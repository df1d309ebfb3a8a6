"""How records become bytes: one module per format."""
