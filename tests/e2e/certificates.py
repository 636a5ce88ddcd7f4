"""certificates.py - for the tests of TLS: certificates made anew, as PEM files in a folder."""
import datetime
import ipaddress

from acq import skip

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError as error:
    skip(f"{error}: Debian has python3-cryptography")

DAY = datetime.timedelta(days=1)


def common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def general_name(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Certificate:
    """A key and its certificate, signed by `issuer` or by itself. `names` are what a server's is for; without any it is
    an authority. Its files are NAME.pem and NAME.key in the folder."""

    def __init__(self, folder, name, issuer=None, names=(), begins=-1, ends=30, use=ExtendedKeyUsageOID.SERVER_AUTH):
        self.key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(common_name(name)).serial_number(x509.random_serial_number())
                   .issuer_name(issuer.certificate.subject if issuer else common_name(name))
                   .public_key(self.key.public_key())
                   .not_valid_before(now + begins * DAY).not_valid_after(now + ends * DAY)
                   .add_extension(x509.BasicConstraints(not names, None), True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([general_name(n) for n in names]), False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([use]), False)
        self.certificate = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())
        self.cert, self.key_file = folder / f"{name}.pem", folder / f"{name}.key"
        self.cert.write_bytes(self.pem())
        self.key_file.write_bytes(self.private())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def private(self, password=None):
        how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)

    def served(self):
        """The options of a server that shows it."""
        return ["--cert", self.cert, "--key", self.key_file]


def good(folder):
    """An authority and a server's certificate for this machine."""
    authority = Certificate(folder, "Test authority")
    return authority, Certificate(folder, "server", authority, ["localhost", "127.0.0.1"])
