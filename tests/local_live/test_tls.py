"""The certificate that local-live makes for itself."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509

from local_live import tls

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_files_are_made_with_all_names(tmp_path: Path) -> None:
    """Localhost and both loopback addresses always, and whatever a setting adds."""
    files = tls.prepare(tmp_path / "tls", ["local-live", "192.0.2.7"], NOW)

    leaf = x509.load_pem_x509_certificate(files.leaf.read_bytes())
    named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert named.get_values_for_type(x509.DNSName) == ["localhost", "local-live"]
    addresses = [str(one) for one in named.get_values_for_type(x509.IPAddress)]
    assert addresses == ["127.0.0.1", "::1", "192.0.2.7"]
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600


def test_bundle_holds_the_public_authorities_and_ours(tmp_path: Path) -> None:
    """A process with this `SSL_CERT_FILE` reaches the rest of the world as before."""
    files = tls.prepare(tmp_path, [], NOW)

    def authorities(path: str) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path)
        return len(context.get_ca_certs())

    assert authorities(str(files.bundle)) == authorities(certifi.where()) + 1


def test_good_certificate_is_kept(tmp_path: Path) -> None:
    """Restarting changes nothing for clients that are connected to trust it."""
    before = tls.prepare(tmp_path, [], NOW).leaf.read_bytes()

    assert tls.prepare(tmp_path, [], NOW + timedelta(days=82)).leaf.read_bytes() == before


def test_certificate_is_renewed_a_week_before_its_end(tmp_path: Path) -> None:
    """No process runs into the last days of its certificate."""
    before = tls.prepare(tmp_path, [], NOW).leaf.read_bytes()

    assert tls.prepare(tmp_path, [], NOW + timedelta(days=84)).leaf.read_bytes() != before


def test_new_name_makes_a_new_certificate(tmp_path: Path) -> None:
    """One that lacks a name that is wanted now is no good."""
    before = tls.prepare(tmp_path, [], NOW).leaf.read_bytes()

    assert tls.prepare(tmp_path, ["local-live"], NOW).leaf.read_bytes() != before


def test_broken_files_are_replaced(tmp_path: Path) -> None:
    """Half a key, from a full disk say, is mended by the next start."""
    files = tls.prepare(tmp_path, [], NOW)
    files.key.write_bytes(files.key.read_bytes()[:40])

    tls.prepare(tmp_path, [], datetime.now(UTC))

    assert tls.server_context(files).minimum_version == ssl.TLSVersion.TLSv1_2
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
