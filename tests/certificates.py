"""An authority that nobody trusts, and a certificate of its making."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)


class Authority:
    """`file` holds its certificate; `server(host)` is the TLS of a server of that name and of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An invented authority")])
        made = self._begun(self._name, self._key).add_extension(x509.BasicConstraints(True, 0), critical=True)
        usage = x509.KeyUsage(**{name: name in ("key_cert_sign", "crl_sign") for name in _USAGES})
        made = made.add_extension(usage, critical=True)
        self.file = self._written("authority.pem", made.sign(self._key, hashes.SHA256()))

    def server(self, host: str) -> ssl.SSLContext:
        """The TLS of a server."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ip_address("127.0.0.1"))])
        made = self._begun(x509.Name([]), key).add_extension(names, critical=True)
        certificate = self._written(f"{host}.pem", made.sign(self._key, hashes.SHA256()))
        secret = self._folder / f"{host}.key"
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        secret.write_bytes(key.private_bytes(*form))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, secret)
        return context

    def _begun(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - 10 * YEAR).not_valid_after(now + 10 * YEAR)  # OpenSSL asks another clock
        identity = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return made.add_extension(identity, critical=False).add_extension(own, critical=False)

    def _written(self, name: str, certificate: x509.Certificate) -> Path:
        file = self._folder / name
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return file


_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
