"""What the rig knows of a worker that was forked."""

from __future__ import annotations

import subprocess
import sys
import threading

from connector.testing.nursery import Child


def test_one_that_has_ended_and_was_not_told_of_yet_may_be_killed() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()  # nobody has this number now, as after the nursery has reaped it
    child = Child(process.pid)
    told = threading.Timer(0.2, child.ended, [3])
    told.start()
    child.kill()
    assert not child.is_running()
    assert child.wait() == 3
