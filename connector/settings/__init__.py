"""What the operator sets: Kafka Connect's worker properties, from a file and from the environment.

``declaration.py`` has each property, ``worker.py`` how they are read and what follows from them. On the way
``source.py`` knows what is written where, ``value.py`` what a text stands for, ``clients.py`` how Kafka
clients connect, ``unused.py`` what nothing reads, and ``fault.py`` what to say of faults.
"""

from connector.settings.value import Milliseconds
from connector.settings.worker import WorkerSettings

__all__ = ["Milliseconds", "WorkerSettings"]
