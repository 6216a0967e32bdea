"""The certificate authority: made once for each ``--ca-dir``; clusters may share it."""

import dataclasses
import fcntl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ontap_simulator.tls.parts import (
    builder,
    common_name,
    key_pem,
    key_usage,
    pem,
    write_private,
)


@dataclasses.dataclass(frozen=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure_authority(directory: Path) -> Authority:
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
    return Authority(
        x509.load_pem_x509_certificate((directory / 'ca.pem').read_bytes()), key
    )


def _make_authority(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = common_name('ONTAP simulator CA')
    usage = key_usage(certificates=True)
    certificate = (
        builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (directory / 'ca.pem').write_bytes(pem(certificate))
    # Written last: its presence says that the CA is complete.
    write_private(directory / 'ca.key', key_pem(key))
