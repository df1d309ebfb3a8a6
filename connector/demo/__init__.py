"""Kafka, AWS and a worker on this machine, for the first five minutes; needs the extra ``demo``.

Nothing else imports this package; the command does it when it is asked for the demo.
"""

# moto itself runs in a process of its own; here it is only asked for, so that its absence is known at once.
import moto as _moto  # noqa: F401

from connector.demo.command import run

__all__ = ["run"]
