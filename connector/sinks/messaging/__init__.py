"""What the sinks of AWS's messaging services share: expressions, bodies, attributes, FIFO, large bodies."""
