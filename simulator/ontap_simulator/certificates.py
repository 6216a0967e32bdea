"""The simulator's own certificate authority and server certificate.

The CA is made once per ``--ca-dir`` (``ca.pem``, ``ca.key``), so that clusters
can share one; the server certificate once per data directory, and again when
the address changes. Clients verify with ``DATA_DIR/ca.pem``.
"""

import dataclasses
import datetime
import fcntl
import ipaddress
import os
import shutil
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=3650)
_CLOCK_SKEW = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class ServerFiles:
    """What a TLS server needs, and the CA that its clients need."""

    certificate: Path
    key: Path
    ca: Path


@dataclasses.dataclass(frozen=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure(data_dir: Path, ca_dir: Path, address: str, name: str) -> ServerFiles:
    """Have a server certificate for the address, made if there is none."""
    authority = _ensure_authority(ca_dir)
    files = ServerFiles(
        data_dir / 'server.pem', data_dir / 'server.key', data_dir / 'ca.pem'
    )
    if data_dir.resolve() != ca_dir.resolve():
        shutil.copyfile(ca_dir / 'ca.pem', files.ca)
    if not _is_valid(files, authority, address):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _server_certificate(authority, key, address, name)
        _write_private(files.key, _key_pem(key))
        files.certificate.write_bytes(_pem(certificate))
    return files


def _ensure_authority(directory: Path) -> _Authority:
    directory.mkdir(parents=True, exist_ok=True)
    # Two clusters may be started at the same time.
    with (directory / 'ca.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / 'ca.key').exists():
            _make_authority(directory)
    key = serialization.load_pem_private_key(
        (directory / 'ca.key').read_bytes(), password=None
    )
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f'{directory}/ca.key is not of this program')
    return _Authority(
        x509.load_pem_x509_certificate((directory / 'ca.pem').read_bytes()), key
    )


def _make_authority(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _common_name('ONTAP simulator CA')
    usage = _key_usage(certificates=True)
    certificate = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (directory / 'ca.pem').write_bytes(_pem(certificate))
    # Written last: its presence says that the CA is complete.
    _write_private(directory / 'ca.key', _key_pem(key))


def _server_certificate(
    authority: _Authority, key: ec.EllipticCurvePrivateKey, address: str, name: str
) -> x509.Certificate:
    issuer_key = authority.key.public_key()
    return (
        _builder(_common_name(name), authority.certificate.subject, key.public_key())
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.IPAddress(ipaddress.ip_address(address)),
                    x509.DNSName('localhost'),
                ]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFETIME)
    )


def _is_valid(files: ServerFiles, authority: _Authority, address: str) -> bool:
    if not (files.certificate.exists() and files.key.exists()):
        return False
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ).value
    issued_to = names.get_values_for_type(x509.IPAddress)
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except Exception:  # any of several: it is not from this CA
        return False
    return ipaddress.ip_address(address) in issued_to


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _key_usage(certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, 'wb') as stream:
        os.fchmod(descriptor, 0o600)
        stream.write(content)
