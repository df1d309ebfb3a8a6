"""How the bytes of a Kafka record become values: one module per converter."""
