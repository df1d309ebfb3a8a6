"""Where objects go and who signs: what Confluent's options of bucket and credentials become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.connector import with_prefix
from connector.config.dialect import Fate, Line
from connector.config.suggest import did_you_mean
from connector.errors import Problem
from connector.sinks.s3.confluent.options import ConfluentOptions
from connector.sinks.s3.confluent.options.java_class import simple_name
from connector.sinks.s3.confluent.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

PROVIDER = "s3.credentials.provider."
_ROLE_PROVIDER = "AwsAssumeRoleCredentialsProvider"
_ROLE = {
    "sts.role.arn": "aws.sts.role.arn",
    "sts.role.external.id": "aws.sts.role.external.id",
    "sts.role.session.name": "aws.sts.role.session.name",
    "sts.region": "aws.sts.region",
}
_CHAIN = frozenset({"DefaultCredentialsProvider", "DefaultAWSCredentialsProviderChain"})
_LINKS = frozenset(
    {
        "ContainerCredentialsProvider",
        "EC2ContainerCredentialsProviderWrapper",
        "EnvironmentVariableCredentialsProvider",
        "InstanceProfileCredentialsProvider",
        "ProfileCredentialsProvider",
        "WebIdentityTokenCredentialsProvider",
        "WebIdentityTokenFileCredentialsProvider",
    }
)
"""Providers of the SDKs of which each asks one of the places that the default chain asks."""


class BucketSubject(Subject):
    """Bucket, objects, credentials."""

    def _bucket(self) -> None:
        options = ConfluentOptions
        if not self._given.is_set(options.bucket):
            message = 'Missing required configuration "s3.bucket.name" which has no default value.'
            self._found.problems.append(Problem(options.bucket.name, message))
        for option in (
            options.bucket,
            options.region,
            options.store_url,
            options.path_style,
            options.part_size,
            options.retry_backoff_ms,
            options.proxy_url,
            options.proxy_user,
            options.proxy_password,
        ):
            self._rename(option)
        if (
            not self._given.is_set(options.region)
            and not {"aws.region", "aws.s3.url"} & self._given.raw.keys()
        ):
            self._implied["aws.s3.region"] = self._given.region
        if self._given.wan_mode:
            self._refuse(options.wan_mode, "transfer acceleration cannot be had: set it to false")
        else:
            self._line(options.wan_mode, Fate.DROPPED, why="it is never used")

    def _objects(self) -> None:
        options = ConfluentOptions
        for option in (options.sse, options.sse_kms_key, options.sse_customer_key, options.acl):
            self._rename(option)
        pairs = [pair for pair in self._given.tag_pairs if pair]
        if not self._given.tagging:
            self._line(options.tagging, Fate.DROPPED, why="objects are not tagged")
            self._line(options.tag_pairs, Fate.DROPPED, why="objects are not tagged")
            return
        if broken := next((pair for pair in pairs if ":" not in pair), None):
            self._refuse(options.tag_pairs, f"{broken} is no pair: write name:value")
            return
        tags = ["startOffset={{start_offset}}", *("=".join(pair.split(":")[:2]) for pair in pairs)]
        self._found.config["aws.s3.object.tags"] = ",".join(tags)
        why = (
            "objects are tagged when they are begun, so that endOffset and recordCount are not known yet:"
            " they are left out"
        )
        self._line(options.tagging, Fate.ATTENTION, "aws.s3.object.tags", why=why)
        self._line(options.tag_pairs, Fate.RENAMED, "aws.s3.object.tags")

    def _credentials(self) -> None:
        options = ConfluentOptions
        self._rename(options.access_key_id)
        self._rename(options.secret_access_key)
        provider = simple_name(self._given.provider)
        below = with_prefix(self._given.raw, PROVIDER)
        below.pop("class", None)
        if provider == _ROLE_PROVIDER:
            self._role(below)
            return
        if provider in _CHAIN:
            self._line(options.provider, Fate.DROPPED, why="it is the default here, too")
        elif provider in _LINKS:
            why = f"{provider} is one place of the default chain, which asks the others, too"
            self._line(options.provider, Fate.ATTENTION, why=why)
        elif provider == "AnonymousCredentialsProvider":
            self._found.config["aws.credentials.provider"] = "anonymous"
            self._line(options.provider, Fate.RENAMED, "aws.credentials.provider")
        else:
            self._found.config["aws.credentials.provider"] = self._given.provider
            why = "a plug-in of this name must be installed here"
            self._line(options.provider, Fate.ATTENTION, "aws.credentials.provider", why=why)
            for key, value in below.items():
                ours = f"aws.credentials.provider.{key}"
                self._found.config[ours] = value
                self._found.lines.append(Line(PROVIDER + key, Fate.RENAMED, (ours,)))
            return
        for key in below:
            why = f"{provider} has no options"
            self._found.lines.append(Line(PROVIDER + key, Fate.DROPPED, why=why))

    def _role(self, below: Mapping[str, str]) -> None:
        options = ConfluentOptions
        self._line(
            options.provider, Fate.RENAMED, "aws.sts.role.arn", why="a role is assumed by its ARN alone"
        )
        if not below.get("sts.role.arn", "").strip():
            self._found.problems.append(Problem(PROVIDER + "sts.role.arn", "is needed for the role: set it"))
        for key, value in below.items():
            ours = _ROLE.get(key)
            if ours is None:
                why = f"the role has no such option.{did_you_mean(key, list(_ROLE))}"
                self._found.lines.append(Line(PROVIDER + key, Fate.ATTENTION, why=why))
            elif value.strip():
                self._found.config[ours] = value
                self._found.lines.append(Line(PROVIDER + key, Fate.RENAMED, (ours,)))
