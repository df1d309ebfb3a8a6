"""What ends the demo early."""

from __future__ import annotations


class DemoError(Exception):
    """Something that the demo stands on did not work; the message goes to the user as it is."""
