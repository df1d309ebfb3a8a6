"""An AWS to test against: a moto server in a process of its own, and what tests do behind its back."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from typing import Self

from connector.testing.s3 import S3Server

_ALLOW_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
_ALLOW_S3 = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}


class AwsServer(S3Server):
    """moto on a loopback port: S3, STS, IAM and the services to come.

    A process of its own leaves the interpreter lock to the code under test; measured, it is as fast as a
    thread (about 200 MiB/s in parts of 5 MiB on two cores). It ends with this process, however that ends,
    since its standard input does.

    Attributes:
        url: Where it listens.
        access_key_id: A key of an administrator, valid also when keys are checked.
        secret_access_key: Its secret.
    """

    def __init__(self) -> None:
        super().__init__()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "connector.demo.moto_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        try:
            self.url = f"http://127.0.0.1:{self._read_port()}"
            self._create_administrator()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._forget_clients()
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def create_role(self, name: str, external_id: str) -> str:
        """Creates a role that may do anything in S3, and may be assumed with this external id.

        moto refuses a wrong external id only while it enforces authentication, and a missing one never.

        Returns:
            The role's ARN.
        """
        trust = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            },
        }
        iam = self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=json.dumps(_ALLOW_S3))
        return str(role["Role"]["Arn"])

    def enforce_auth(self) -> None:
        """From now on keys, signatures and policies are checked, much as AWS does.

        moto 5.2.5 still lets a role be assumed that does not exist, and then answers every request with its
        credentials with 500: to see AssumeRole denied, give a wrong external id, or let the proxy fail it.
        """
        self._post("/moto-api/reset-auth", b"0")

    def accept_anyone(self) -> None:
        """Undoes `enforce_auth`: any keys will do, as at the start."""
        self._post("/moto-api/reset-auth", b"inf")

    def reset(self) -> None:
        """Forgets everything: buckets, roles, and that authentication was enforced."""
        self.accept_anyone()
        self._post("/moto-api/reset", b"")
        self._create_administrator()

    def _read_port(self) -> int:
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._log.seek(0)
            raise RuntimeError(f"moto did not start:\n{self._log.read().decode(errors='replace')[-2000:]}")
        return int(line)

    def _create_administrator(self) -> None:
        self._forget_clients()
        # While anyone is accepted, so are these.
        self.access_key_id, self.secret_access_key = "nobody", "nothing"
        iam = self.client("iam")
        iam.create_user(UserName="administrator")
        iam.put_user_policy(UserName="administrator", PolicyName="all", PolicyDocument=json.dumps(_ALLOW_ALL))
        key = iam.create_access_key(UserName="administrator")["AccessKey"]
        self.access_key_id, self.secret_access_key = key["AccessKeyId"], key["SecretAccessKey"]
        self._forget_clients()

    def _forget_clients(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _post(self, path: str, body: bytes) -> None:
        # text/plain: moto reads a form's body away before it looks at it.
        request = urllib.request.Request(  # noqa: S310 - our own loopback URL
            self.url + path, data=body, headers={"Content-Type": "text/plain"}, method="POST"
        )
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310
