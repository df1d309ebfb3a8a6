"""The S3 sink: records grouped into objects, uploaded while they fill.

``sink.py`` is the contract's side, ``writer.py`` the objects of one partition, ``upload.py`` one object on
its way, ``store.py`` the requests; ``naming.py`` and ``template.py`` decide what goes where.
"""

from connector.sinks.s3.config import S3Config
from connector.sinks.s3.sink import S3Sink

__all__ = ["S3Config", "S3Sink"]
