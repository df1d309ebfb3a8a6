"""What carries records from Kafka to a sink; start reading at task.py."""
