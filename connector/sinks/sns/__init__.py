"""The SNS sink: a message for each record, ten to a request.

``sink.py`` is the contract's side; ``topic.py`` is what a topic is, ``find.py`` asks SNS for it; ``entry.py``
makes entries, ``form.py`` their bytes; ``answer.py`` reads what SNS says about them.
"""

from connector.sinks.sns.config import SnsConfig
from connector.sinks.sns.sink import SnsSink

__all__ = ["SnsConfig", "SnsSink"]
