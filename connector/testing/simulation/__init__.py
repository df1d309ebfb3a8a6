"""Kafka, S3, worker processes and clocks in one thread, to run the real task and sink through schedules."""
