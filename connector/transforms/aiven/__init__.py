"""Aiven's own transforms, by its class names, which users of its S3 sink combine with it."""
