"""The Kinesis Data Streams sink: records in PutRecords, in order per partition key.

``sink.py`` is the contract's side, ``stream.py`` what a stream is and takes, ``entry.py`` records as it
takes them, ``aggregation.py`` several of them in one, ``answer.py`` what became of them.
"""

from connector.sinks.kinesis.config import KinesisConfig
from connector.sinks.kinesis.sink import KinesisSink

__all__ = ["KinesisConfig", "KinesisSink"]
