"""Schemas by id, from a registry that speaks the protocol of Confluent's Schema Registry."""
