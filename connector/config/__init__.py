"""The JSON a user submits: options declared once; parsed, validated and documented from there."""
