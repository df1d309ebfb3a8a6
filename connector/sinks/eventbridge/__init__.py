"""The EventBridge sink: each record is an event on a bus.

``sink.py`` is the contract's side; ``entries.py`` makes events of records, ``detail.py`` what they carry,
``legal.py`` knows what EventBridge takes, ``answer.py`` what it says, ``bus.py`` where it goes;
``second.py`` is the bus of 2026.
"""

from connector.sinks.eventbridge.config import EventBridgeConfig
from connector.sinks.eventbridge.sink import EventBridgeSink

__all__ = ["EventBridgeConfig", "EventBridgeSink"]
