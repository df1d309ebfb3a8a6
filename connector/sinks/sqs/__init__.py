"""The SQS sink: each record a message of a queue, in requests of ten.

``sink.py`` is the contract's side, ``message.py`` makes entries of records, ``answer.py`` reads what became
of them; ``queue.py`` is what a queue is, ``lookup.py`` finds it.
"""

from connector.sinks.sqs.config import SqsConfig
from connector.sinks.sqs.sink import SqsSink

__all__ = ["SqsConfig", "SqsSink"]
