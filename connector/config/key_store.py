"""Java's key stores as PEM, which is all that librdkafka and OpenSSL take; nothing is written to disk."""

from __future__ import annotations

import base64
import os
import stat
import tempfile
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from connector.config.jks import MAGIC, read_jks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate

TYPES = ("JKS", "PEM", "PKCS12")
_EXTRA = "jks"
_PEM = b"-----BEGIN "
_JCEKS = b"\xce\xce\xce\xce"
_SEQUENCE = b"\x30"
_MOST_BYTES = 16 * 1024 * 1024
_PEM_ENDINGS = frozenset({"pem", "crt", "cer"})


class KeyStoreError(ValueError):
    """The store cannot be used; says what to do, and no secret."""


class MissingExtraError(KeyStoreError):
    """The store is one that only the extra reads."""


@dataclass(frozen=True, slots=True)
class KeyStore:
    """What is in a store, in DER.

    Attributes:
        trusted: The certificates of authorities.
        key: The private key, not encrypted any more; None if there is none.
        chain: Its certificates, its own first.
    """

    trusted: tuple[bytes, ...] = ()
    key: bytes | None = field(default=None, repr=False)
    chain: tuple[bytes, ...] = ()

    def trusted_pem(self) -> str:
        """Raises KeyStoreError if nothing is trusted."""
        if not self.trusted:
            raise KeyStoreError("it holds no certificate that is trusted")
        return _certificates(self.trusted)

    def key_pem(self) -> str:
        """Raises KeyStoreError if there is none."""
        if self.key is None:
            raise KeyStoreError("it holds no private key")
        return _pem("PRIVATE KEY", self.key)

    def chain_pem(self) -> str:
        return _certificates(self.chain)


def is_pem(path: str, declared: str | None) -> bool:
    """Whether a store needs no reading: its type says so, or, where there is none, its name."""
    if declared is not None:
        return declared.strip().upper() == "PEM"
    return path.rpartition(".")[2].lower() in _PEM_ENDINGS


def read_key_store(path: str, password: str | None, key_password: str | None = None) -> KeyStore | None:
    """A store of either form, whatever its type is said to be, as Java since 9 reads them; None if it is PEM.

    Raises:
        KeyStoreError: It cannot be read.
    """
    data = _bytes(path)
    if data.startswith(_PEM) or b"\n" + _PEM in data:
        return None
    if data.startswith(MAGIC):
        return _of_jks(data, password, key_password)
    if data.startswith(_SEQUENCE):
        return _of_pkcs12(data, password)
    if data.startswith(_JCEKS):
        raise KeyStoreError(
            "it is a JCEKS: make it PKCS12 with keytool -importkeystore -deststoretype PKCS12"
        )
    raise KeyStoreError("it is no key store: give one of type JKS, PKCS12 or PEM")


@contextmanager
def pem_file(text: str) -> Iterator[str]:
    """The name of a file with ``text``, in memory where it can be: Python reads keys from nowhere else."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pem")
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            yield f"/proc/self/fd/{descriptor}"
        return
    descriptor, path = tempfile.mkstemp(suffix=".pem")  # readable by this user alone
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        yield path
    finally:
        Path(path).unlink()


def _bytes(path: str) -> bytes:
    try:
        # A pipe would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise KeyStoreError("it is no file")
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise KeyStoreError(f"it cannot be read ({error.strerror})") from None
    if len(data) > _MOST_BYTES:
        raise KeyStoreError("it is too large for a key store")
    return data


def _of_jks(data: bytes, password: str | None, key_password: str | None) -> KeyStore:
    secret = key_password or password
    try:
        found = read_jks(data, password)
        if not found.keys:
            return KeyStore(found.trusted)
        first = found.keys[0]
        return KeyStore(found.trusted, first.key(secret) if secret is not None else None, first.chain)
    except ValueError as error:
        raise KeyStoreError(str(error)) from None


def _of_pkcs12(data: bytes, password: str | None) -> KeyStore:
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError(
            f"it is a PKCS12, which needs an extra: pip install 'kafka-aws-connector[{_EXTRA}]'; or turn it"
            " into PEM with openssl pkcs12 -in STORE.p12 -out STORE.pem"
        ) from None
    try:
        found = pkcs12.load_pkcs12(data, None if password is None else password.encode())
    except ValueError:
        raise KeyStoreError("its password is another one, or it is no PKCS12") from None
    others = [each.certificate for each in found.additional_certs]
    der = serialization.Encoding.DER
    chain = _chain(found.cert.certificate, others) if found.key and found.cert else []
    key = None
    if found.key is not None:
        key = found.key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return KeyStore(
        trusted=tuple(each.public_bytes(der) for each in others if each not in chain),
        key=key,
        chain=tuple(each.public_bytes(der) for each in chain),
    )


def _chain(own: Certificate, others: list[Certificate]) -> list[Certificate]:
    """From the key's own certificate up; a store keeps no order."""
    chain = [own]
    while above := [each for each in others if each.subject == chain[-1].issuer and each not in chain]:
        chain.append(above[0])
    return chain


def _certificates(certificates: tuple[bytes, ...]) -> str:
    return "".join(_pem("CERTIFICATE", each) for each in certificates)


def _pem(label: str, der: bytes) -> str:
    lines = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
