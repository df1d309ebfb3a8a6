"""Single message transforms and predicates, batch-wise: one module per transform."""
