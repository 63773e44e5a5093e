"""What is kept of a secret: a digest of a token, and, where lists show tokens, a sealed copy.

Gotify 3 has three forms of its tokens (gotify/server, auth/token): private, `gtfy<k>.<seed>`; public,
`gtfy<k>.<public key>`, which is what its database holds; and signed,
`gtfy<k>.<public key>.<unix seconds>.<signature>`, an Ed25519ph signature over `iat=<unix seconds>`. <k> is `a` for
applications and `c` for clients; seeds, keys and signatures are base64url without padding. The digest of a private
or signed one is that of its public form. Any other token is digested as it is.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Literal

from nacl.bindings import (
    crypto_sign_ed25519ph_final_verify,
    crypto_sign_ed25519ph_state,
    crypto_sign_ed25519ph_update,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.secret import SecretBox

from carillon.core.errors import Unauthenticated, Unreadable

ENHANCED = "gtfy"
SEED_BYTES = 32
SIGNED_FOR = 900  # seconds that a signed token may be old, or of the future

PRIVATE = re.compile(r"gtfy[ac]\.([A-Za-z0-9_-]{43})")
SIGNED = re.compile(r"(gtfy[ac]\.([A-Za-z0-9_-]{43}))\.([0-9]{1,18})\.([A-Za-z0-9_-]{86})")


def digest(secret: str) -> bytes:
    """What is stored of a token, and the key under which storage looks it up: SHA-256, 32 bytes.

    Takes some 30 µs for Gotify's long form, and twice that for a signed one, whose time is not looked at.
    Raises Unreadable for a token that begins with `gtfy` and goes on otherwise, Unauthenticated for a wrong signature.
    """
    if secret.startswith(ENHANCED):
        secret = _public(secret)
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def signed_at(secret: str) -> int | None:
    """When a signed token was signed, in seconds since 1970; None: it is none, and valid at any time."""
    match = SIGNED.fullmatch(secret) if secret.startswith(ENHANCED) else None
    return int(match[3]) if match else None


def enhanced(kind: Literal["a", "c"], seed: bytes) -> str:
    """The private form of 49 characters; `seed` are 32 random bytes."""
    return f"{ENHANCED}{kind}.{_encode(seed)}"


def _public(secret: str) -> str:
    if match := PRIVATE.fullmatch(secret):
        key, _ = crypto_sign_seed_keypair(_decode(match[1]))
        return f"{secret[:6]}{_encode(key)}"
    if match := SIGNED.fullmatch(secret):
        state = crypto_sign_ed25519ph_state()
        crypto_sign_ed25519ph_update(state, f"iat={match[3]}".encode())
        try:
            crypto_sign_ed25519ph_final_verify(state, _decode(match[4]), _decode(match[2]))
        except BadSignatureError:
            raise Unauthenticated("the signature of the token is wrong") from None
        return match[1]
    raise Unreadable("cannot parse token: it begins with gtfy and is of none of the forms that do")


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Vault:
    """Seals and opens small secrets with a key (32 bytes) that the database does not hold."""

    def __init__(self, key: bytes) -> None:
        self._box = SecretBox(key)

    def seal(self, secret: str) -> bytes:
        """Another text each time: 40 bytes more than the secret."""
        return bytes(self._box.encrypt(secret.encode()))

    def open(self, sealed: bytes) -> str | None:
        """None for what was sealed with another key, or is damaged."""
        try:
            return self._box.decrypt(sealed).decode()
        except (CryptoError, ValueError):
            return None
