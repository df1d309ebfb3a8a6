"""The library behind one of the checksums changes nothing else."""

from __future__ import annotations

import os
import subprocess
import sys


def test_botocore_signs_by_itself_where_awscrt_is_installed() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "BOTO_DISABLE_CRT"}
    ask = "import connector.aws.clients, awscrt, botocore.compat; print(botocore.compat.HAS_CRT)"
    done = subprocess.run(
        [sys.executable, "-c", ask], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
