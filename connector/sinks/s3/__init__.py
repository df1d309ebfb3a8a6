"""The S3 sink: batches become objects."""
