"""Exactly once into S3: what a committed offset says of a partition's uploads, and how that changes; pure."""
