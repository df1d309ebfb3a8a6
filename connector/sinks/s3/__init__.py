"""The S3 sink: records grouped into objects, uploaded while they fill.

``sink.py`` is the contract's side, ``writer.py`` one partition: its batches are cut (``cutter.py``), go into
objects that are open (``open_objects.py``), and these, once they take no more, are made visible
(``finishing.py``). ``upload.py`` is one object on its way, ``store.py`` the requests; ``naming.py`` and
``template.py`` decide what goes where.
"""

from connector.sinks.s3.config import S3Config
from connector.sinks.s3.sink import S3Sink

__all__ = ["S3Config", "S3Sink"]
