"""Speed and memory on real Kafka; every figure stands beside the raw read of the same run."""
