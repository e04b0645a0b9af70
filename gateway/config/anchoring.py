"""How the audit trail is anchored outside the ledger, as values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config.servers import Secret
from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from gateway.signing import PublicKey, SigningKey


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Where checkpoints are copied to, and who signs them."""

    copies: tuple[Path, ...] = ()  #: further files of checkpoints, on other machines if possible
    signing_key: Path | None = None  #: private key (Ed25519)
    passphrase: Secret | None = None
    trusted_keys: tuple[str, ...] = ()  #: public keys, as OpenSSH writes them

    def signer(self) -> SigningKey | None:
        """Return the key that signs; None where nothing is signed. Raises ConfigurationError."""
        if self.signing_key is None:
            return None
        from gateway.signing import read_private

        return read_private(self.signing_key, self.passphrase.text if self.passphrase else None)

    def trusted(self) -> list[PublicKey]:
        """Return the keys whose signatures count: those configured, and the one that signs.

        Raises ConfigurationError where one of them is none. A private key that cannot be read here (by an
        operator, say) is left out where other keys are trusted.
        """
        from gateway.signing import read_public

        keys = [read_public(text, "audit.trusted_keys") for text in self.trusted_keys]
        try:
            own = self.signer()
        except ConfigurationError:
            if not keys:
                raise
            own = None
        return keys if own is None else [*keys, own.public]
