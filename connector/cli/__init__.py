"""The command ``connector``.

``app.py`` has the commands by name, ``run.py``, ``prepare.py`` and ``look.py`` what each is given and whom it
hands over to, ``entry.py`` the process around them.
"""

from connector.cli.app import app
from connector.cli.entry import main

__all__ = ["app", "main"]
