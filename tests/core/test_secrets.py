from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

import pytest
from nacl.bindings import (
    crypto_sign_ed25519ph_final_create,
    crypto_sign_ed25519ph_state,
    crypto_sign_ed25519ph_update,
    crypto_sign_seed_keypair,
)

from carillon.core.errors import Unauthenticated, Unreadable
from carillon.core.secrets import Vault, digest, enhanced, signed_at

# RFC 8032, section 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(moment: str, *, over: str | None = None, kind: str = "a") -> str:
    """As gotify/server 3 signs: Ed25519ph without a context."""
    public, key = crypto_sign_seed_keypair(SEED)
    state = crypto_sign_ed25519ph_state()
    crypto_sign_ed25519ph_update(state, (f"iat={moment}" if over is None else over).encode())
    return f"gtfy{kind}.{b64(public)}.{moment}.{b64(crypto_sign_ed25519ph_final_create(state, key))}"


def test_a_token_is_digested_as_it_is() -> None:
    assert digest("Aabc").hex() == "bd1dfaf32c12fd5cdd1e97f1318f0fbce582ad494caf62bc440cc64a2b92a781"
    assert digest("\ud800") != digest("\ud801")
    assert len(digest("")) == 32
    assert digest("Gtfya.x") == sha256(b"Gtfya.x").digest()


@pytest.mark.parametrize("kind", ["a", "c"])
def test_of_gotifys_private_form_the_digest_is_that_of_what_its_database_holds(kind: str) -> None:
    stored = f"gtfy{kind}.{b64(PUBLIC)}"
    assert digest(f"gtfy{kind}.{b64(SEED)}") == sha256(stored.encode()).digest()
    assert digest(stored) != sha256(stored.encode()).digest(), "what the database holds opens nothing"


def test_a_minted_one_has_49_characters_and_the_kind_in_it() -> None:
    assert enhanced("a", SEED) == f"gtfya.{b64(SEED)}"
    assert len(enhanced("c", bytes(32))) == 49
    assert urlsafe_b64decode(enhanced("c", SEED)[6:] + "=") == SEED


def test_a_signed_one_is_as_good_as_the_private_one() -> None:
    assert digest(signed("1788264000")) == digest(enhanced("a", SEED))
    assert digest(signed("1788264000", kind="c")) == digest(enhanced("c", SEED))
    assert signed_at(signed("1788264000")) == 1_788_264_000
    assert signed_at(enhanced("a", SEED)) is None
    assert signed_at("Aabc") is None


def test_a_signature_is_for_its_own_moment_and_key() -> None:
    good = signed("1788264000")
    kind, public, moment, signature = good.split(".")
    wrong = [
        signed("1788264000", over="iat=1788264001"),
        signed("1788264000", over="1788264000"),
        ".".join([kind, public, "1788264001", signature]),
        ".".join([kind, b64(bytes(32)), moment, signature]),
        ".".join([kind, public, moment, b64(bytes(64))]),
    ]
    for token in wrong:
        with pytest.raises(Unauthenticated, match="signature"):
            digest(token)


@pytest.mark.parametrize(
    "token",
    [
        "gtfy",
        "gtfya",
        "gtfya.",
        "gtfya." + "A" * 42,
        "gtfya." + "A" * 44,
        "gtfyb." + "A" * 43,
        "gtfyA." + "A" * 43,
        "gtfya." + "A" * 42 + "+",
        "gtfya." + "A" * 43 + "\n",
        "gtfya." + "A" * 43 + ".1",
        "gtfya." + "A" * 43 + ".x." + "A" * 86,
        "gtfya." + "A" * 43 + ".1." + "A" * 85,
        "gtfya." + "A" * 43 + ".1." + "A" * 86 + ".",
        "gtfya." + "A" * 43 + ".١." + "A" * 86,
        "gtfya.\ud800" + "A" * 42,
    ],
)
def test_what_begins_like_one_and_is_none_is_unreadable(token: str) -> None:
    with pytest.raises(Unreadable, match=r"\Acannot parse token: ") as caught:
        digest(token)
    assert "A" * 20 not in str(caught.value)


def test_a_vault_opens_what_it_sealed() -> None:
    vault = Vault(bytes(32))
    sealed = vault.seal("Asecret ✓")
    assert vault.open(sealed) == "Asecret ✓"
    assert b"secret" not in sealed
    assert vault.seal("Asecret ✓") != sealed


def test_a_vault_does_not_open_what_is_not_its_own() -> None:
    sealed = Vault(bytes(32)).seal("Asecret")
    assert Vault(b"k" * 32).open(sealed) is None
    for damaged in (b"", sealed[:-1], sealed[:10], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        assert Vault(bytes(32)).open(damaged) is None
