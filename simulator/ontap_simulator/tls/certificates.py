"""The server's certificate.

It is made once for each data directory, and again when the address changes.
Clients verify it with ``DATA_DIR/ca.pem``.
"""

import dataclasses
import ipaddress
import shutil
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from ontap_simulator.tls.authority import Authority, ensure_authority
from ontap_simulator.tls.parts import (
    builder,
    common_name,
    key_pem,
    key_usage,
    pem,
    write_private,
)


@dataclasses.dataclass(frozen=True)
class ServerFiles:
    """What a TLS server needs, and the CA that its clients need."""

    certificate: Path
    key: Path
    ca: Path


def ensure(data_dir: Path, ca_dir: Path, address: str, name: str) -> ServerFiles:
    """Have a server certificate for the address, made if there is none."""
    authority = ensure_authority(ca_dir)
    files = ServerFiles(
        data_dir / 'server.pem', data_dir / 'server.key', data_dir / 'ca.pem'
    )
    if data_dir.resolve() != ca_dir.resolve():
        shutil.copyfile(ca_dir / 'ca.pem', files.ca)
    if not _is_valid(files, authority, address):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _server_certificate(authority, key, address, name)
        write_private(files.key, key_pem(key))
        files.certificate.write_bytes(pem(certificate))
    return files


def _server_certificate(
    authority: Authority, key: ec.EllipticCurvePrivateKey, address: str, name: str
) -> x509.Certificate:
    issuer_key = authority.key.public_key()
    return (
        builder(common_name(name), authority.certificate.subject, key.public_key())
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
        .add_extension(key_usage(certificates=False), critical=True)
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


def _is_valid(files: ServerFiles, authority: Authority, address: str) -> bool:
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
