"""Who the connector is to AWS, and what it is allowed."""

from __future__ import annotations

from connector.error_codes import ErrorCode
from connector.runbook.entry import LOOKED, READ_AGAIN, WAITS, Entry

_CHECK = "`connector aws check FILE.json`, on the worker's machine, shows each step."

IDENTITY = (
    Entry(
        ErrorCode.AWS_CREDENTIALS_MISSING,
        "there are no AWS credentials",
        "No AWS credentials were found: set aws.access.key.id and aws.secret.access.key, or give the worker …",
        "Neither the config nor the worker's environment has any: no variables, profile, web identity,"
        " container or instance role.",
        READ_AGAIN,
        f"Give the worker an identity, or the config keys. In Kubernetes look at the service account. {_CHECK}",
        "aws.md#credentials",
    ),
    Entry(
        ErrorCode.AWS_CREDENTIALS_UNAVAILABLE,
        "credentials cannot be had now",
        "credentials not refreshed error=the machine's credentials cannot be had now: …",
        "The metadata service of the instance or container, or STS, did not answer in time.",
        WAITS,
        "It mostly passes. If not, look whether the container reaches the metadata service (IMDSv2 with a hop"
        " limit of 2), and whether the role is still attached.",
        "aws.md#when-credentials-change-or-end-early",
    ),
    Entry(
        ErrorCode.AWS_CREDENTIALS_EXPIRED,
        "the session of the credentials is over",
        "PutObject on arn:aws:s3:::… was refused with ExpiredToken (…): the session of aws.session.token is over, …",
        "Keys with a session token end, and nobody renews those that are written into a config. Credentials of a"
        " role are renewed; for them this passes.",
        READ_AGAIN,
        "Give new keys and token, or better a role (`aws.sts.role.arn`) or the worker's own identity. If they"
        " are new, look at the clock.",
        "aws.md#when-credentials-change-or-end-early",
    ),
    Entry(
        ErrorCode.AWS_CREDENTIALS_INVALID,
        "AWS does not know these keys",
        "… was refused with InvalidAccessKeyId (…): the access key does not exist or is inactive; …",
        "The key id does not exist here or is inactive, the secret does not belong to it, or a temporary key"
        " (ASIA…) has no session token.",
        READ_AGAIN,
        f"Correct the keys; China and GovCloud have keys of their own. {_CHECK}",
        "aws-check.md#steps-of-the-identity",
    ),
    Entry(
        ErrorCode.AWS_PROFILE_MISSING,
        "a profile is not there",
        "finding credentials on this machine cannot be sent: The config profile (lake) could not be found: …",
        "`aws.profile` names a profile that is not in the AWS files of the worker's user.",
        READ_AGAIN,
        "Correct `aws.profile`, or mount the files and set `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`.",
        "aws.md#credentials",
    ),
    Entry(
        ErrorCode.AWS_TOKEN_FILE_UNREADABLE,
        "the token of the web identity cannot be read",
        "aws.web.identity.token.file: /var/run/secrets/…/token cannot be read (No such file or directory): …",
        "The projected token of the service account is not mounted, or of another user.",
        READ_AGAIN,
        "Annotate the service account and restart the pod, or correct the path.",
        "aws.md#credentials",
    ),
    Entry(
        ErrorCode.AWS_IDENTITY_ANONYMOUS,
        "anonymous requests come from nobody",
        "aws.credentials.provider is anonymous: to AWS such requests come from nobody.",
        "`connector aws policy --who-am-i` asks AWS who the connector is, and it sends no credentials.",
        LOOKED,
        "Name the principal with `--principal`, or set another `aws.credentials.provider`.",
        "aws.md#the-iam-role",
    ),
    Entry(
        ErrorCode.AWS_ROLE_NOT_ASSUMABLE,
        "the role may not be assumed",
        "AssumeRole on arn:aws:iam::123456789012:role/kafka-to-s3 was refused with AccessDenied (…)",
        "The trust policy does not name this principal, wants another external id, or the principal's own policy"
        " does not allow sts:AssumeRole. AWS does not tell which.",
        READ_AGAIN,
        "Compare the trust policy with what `connector aws policy FILE.json --who-am-i` prints; check"
        f" `aws.sts.role.arn` and `aws.sts.role.external.id`. {_CHECK}",
        "aws.md#the-iam-role",
    ),
    Entry(
        ErrorCode.AWS_SESSION_TOO_LONG,
        "the session is asked for longer than the role allows",
        "AssumeRole on … was refused with ValidationError (… MaxSessionDuration …): lower …",
        "The role has a maximum, and who assumes a role as a role gets one hour at most.",
        READ_AGAIN,
        "Lower `aws.sts.role.session.duration`, to 3600 with role chaining, or raise the maximum of the role.",
        "aws.md#credentials",
    ),
    Entry(
        ErrorCode.AWS_ACCESS_DENIED,
        "a permission is missing",
        "UploadPart on arn:aws:s3:::my-orders/… was refused with AccessDenied (…): grant s3:PutObject on …",
        "No policy allows this action on this resource to the identity of the connector. The remedy names both.",
        READ_AGAIN,
        "Grant what the message names: `connector aws policy FILE.json` prints the whole permission policy."
        " Across accounts the resource's own policy must allow it, too. Then restart the task.",
        "aws.md#what-is-allowed-and-why",
    ),
    Entry(
        ErrorCode.AWS_EXPLICIT_DENY,
        "a policy denies it outright",
        "… was refused with AccessDenied (… with an explicit deny in a resource-based policy): …",
        "A Deny in the policy of the principal, the resource, the organization or the VPC endpoint; granting does"
        " not help. Buckets often deny uploads without a certain encryption.",
        READ_AGAIN,
        "Change that policy, or set what it demands: `aws.s3.sse.algorithm`, `aws.s3.sse.kms.key.id`, another"
        " network path.",
        "s3-sink.md#permissions",
    ),
    Entry(
        ErrorCode.AWS_KMS,
        "a KMS key cannot be used",
        "… was refused with KMS.DisabledException (…): enable the KMS key",
        "The key of the bucket, queue, topic or stream is disabled, being deleted, absent, or closed to this"
        " identity.",
        READ_AGAIN,
        "Enable or restore the key, or grant kms:GenerateDataKey and kms:Decrypt on it, in the key's own policy,"
        " too, across accounts.",
        "aws.md#what-is-allowed-and-why",
    ),
    Entry(
        ErrorCode.AWS_CLOCK_WRONG,
        "the clock of the machine is wrong",
        "… was refused with RequestTimeTooSkewed (…): set the clock of this machine, best by NTP: it is 7 min ahead …",
        "AWS refuses signatures that are five minutes off.",
        READ_AGAIN,
        "Set the clock (`chronyc tracking` or `timedatectl`), then restart the task.",
        "aws-check.md#steps-of-the-identity",
    ),
    Entry(
        ErrorCode.AWS_REGION_WRONG,
        "region, endpoint, bucket or role do not go together",
        "aws.s3.region: the bucket my-orders is in eu-west-1: set aws.s3.region to it.",
        "Requests are signed for one region, and each resource is in one; a role is of use in its own partition.",
        READ_AGAIN,
        "Set the region that the message names, or correct the endpoint.",
        "aws-check.md#steps-of-the-s3-sink",
    ),
    Entry(
        ErrorCode.AWS_REGION_DISABLED,
        "STS is switched off in a region",
        "AssumeRole on … was refused with RegionDisabledException (…): enable STS in this region …",
        "The account has deactivated the regional endpoint of STS.",
        READ_AGAIN,
        "Activate it in the account settings of IAM, or choose another `aws.sts.region`.",
        "aws.md#credentials",
    ),
)
