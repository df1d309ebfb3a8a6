from __future__ import annotations

import subprocess
import sys


def test_a_worker_without_columnar_formats_does_not_load_arrow() -> None:
    code = (
        "import sys; from connector.sinks.s3 import S3Config;"
        "config = {'aws.s3.bucket.name': 'bucket', 'format.output.type': %r};"
        "S3Config.parse(config).create_format(); print('pyarrow' in sys.modules)"
    )
    for name, expected in (("jsonl", "False"), ("avro", "False"), ("parquet", "True")):
        result = subprocess.run(
            [sys.executable, "-c", code % name], capture_output=True, text=True, check=True, timeout=60
        )
        assert result.stdout.strip() == expected
