"""The certificate of local-live, made at start: a small authority of its own and one leaf."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ALWAYS_NAMED = ("localhost", "127.0.0.1", "::1")
VALID_DAYS = 90
RENEW_DAYS = 7
"""A certificate with fewer days left is made anew."""
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where everything stands."""

    folder: Path

    @property
    def authority(self) -> Path:
        """Our authority's certificate alone."""
        return self.folder / "ca.pem"

    @property
    def bundle(self) -> Path:
        """Public authorities and ours: for `SSL_CERT_FILE`."""
        return self.folder / "bundle.pem"

    @property
    def leaf(self) -> Path:
        """The server's certificate."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """The server's private key, readable by its owner only."""
        return self.folder / "server.key"


def prepare(folder: Path, more_names: list[str], now: datetime | None = None) -> TlsFiles:
    """Make the files in ``folder``, or keep those that are there and still good.

    Good: valid for more than a week and for every name wanted, with the key that belongs to it.
    """
    files = TlsFiles(folder)
    now = now or datetime.now(UTC)
    names = list(dict.fromkeys([*ALWAYS_NAMED, *more_names]))
    folder.mkdir(parents=True, exist_ok=True)
    if not _is_good(files, names, now):
        _make(files, names, now)
    # Made each time: the public authorities may have been updated.
    write_atomically(files.bundle, _public_authorities() + files.authority.read_bytes())
    return files


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return the context that the server listens with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.leaf, files.key)
    return context


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put ``data`` at ``path`` whole or not at all; another reader never sees half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _is_good(files: TlsFiles, names: list[str], now: datetime) -> bool:
    try:
        leaf = x509.load_pem_x509_certificate(files.leaf.read_bytes())
        authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        leaf.verify_directly_issued_by(authority)
        named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # noqa: BLE001 - whatever is wrong with the old files, new ones mend it
        return False
    late_enough = now + timedelta(days=RENEW_DAYS)
    return (
        set(named) >= set(_general_names(names))
        and min(leaf.not_valid_after_utc, authority.not_valid_after_utc) > late_enough
        and leaf.not_valid_before_utc <= now
        and key.public_key() == leaf.public_key()
    )


def _make(files: TlsFiles, names: list[str], now: datetime) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Overshoulder local-live authority")
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        _builder(_name("local-live"), authority_name, key.public_key(), now)
        .add_extension(x509.SubjectAlternativeName(list(_general_names(names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The authority's own key is not kept: it signs this one certificate and nothing else, ever.
    write_atomically(files.key, private, mode=0o600)
    write_atomically(files.leaf, leaf.public_bytes(pem))
    write_atomically(files.authority, authority.public_bytes(pem))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # A clock that is a little behind (a container's, a laptop's) must not refuse it.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_names(names: list[str]) -> Iterator[x509.GeneralName]:
    for name in names:
        try:
            yield x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            yield x509.DNSName(name)


def _public_authorities() -> bytes:
    try:
        import certifi  # noqa: PLC0415 - not there in every installation
    except ImportError:
        found = next((path for path in map(Path, _SYSTEM_BUNDLES) if path.is_file()), None)
        public = found.read_bytes() if found else b""
    else:
        public = Path(certifi.where()).read_bytes()
    return public if public.endswith(b"\n") or not public else public + b"\n"
