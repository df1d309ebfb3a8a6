"""A Kafka Connect-style sink worker that delivers Kafka records to AWS."""
