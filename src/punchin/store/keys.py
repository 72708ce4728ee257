"""API keys. A secret is shown once and kept only as a hash.

The hash is plain SHA-256: a secret holds 256 random bits, so there is nothing to guess and slow hashing (for
passwords that people think up) would only slow every request. See NIST SP 800-63B, section 5.1.2.2: look-up
secrets of 112 bits and more are stored with an approved hash function, without salt or stretching.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from punchin.errors import KeyNotFound, SettingsError, StoreError
from punchin.store.ids import new_id
from punchin.store.records import ApiKey, Limits
from punchin.store.sessions import Ledger
from punchin.store.tables import keys

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

PREFIX = "punchin_"
"""Begins every secret that is made here, so that scanners for leaked secrets know what they found."""

SHORTEST = 16
USED_EVERY = timedelta(minutes=1)
"""How exact "last used" is: polling must not become a write a second."""

NO_LIMITS = Limits()

_BY_DIGEST = select(keys).where(keys.c.digest == bindparam("digest"))


class Keys(Ledger):
    """The API keys of this server."""

    def create_key(
        self,
        name: str,
        *,
        secret: str | None = None,
        limits: Limits = NO_LIMITS,
        prepaid: Decimal | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key.

        Args:
            name: what people call it.
            secret: what clients will show, if it exists already: at least 16 letters, digits and signs. A key
                with this secret that is there already is given back unchanged.
            limits: where it differs from the server's settings.
            prepaid: what may be spent in all; None: as much as wanted.

        Returns:
            The key, and its secret, which cannot be had again.

        Raises:
            SettingsError: if the secret is too short, has spaces in it, or belongs to a key that was revoked.
        """
        given = _checked(secret) if secret is not None else PREFIX + secrets.token_hex(32)
        values = {
            "id": new_id(),
            "name": name,
            "digest": _digest(given),
            "hint": given[-4:],
            "rate_per_minute": limits.rate_per_minute,
            "max_running": limits.max_running,
            "max_queued": limits.max_queued,
            "prepaid": prepaid,
            "spent": Decimal(0),
            "created_at": self.now(),
        }
        try:
            with self.writing() as session:
                row = session.execute(insert(keys).values(values).returning(keys)).one()
        except IntegrityError:
            with self.reading() as session:
                row = session.execute(select(keys).where(keys.c.digest == _digest(given))).one()
            if row.revoked_at is not None:
                message = f"the secret of key {row.name!r} was revoked; choose another one"
                raise SettingsError(message) from None
        return _key(row), given

    def key_of(self, secret: str) -> ApiKey | None:
        """The key that has this secret, or None if none has or it was revoked."""
        digest = _digest(secret)
        with self.reading() as session:
            row = session.connection().execute(_BY_DIGEST, {"digest": digest}).one_or_none()
        # The database compared digests, which tell nothing of a secret; the last word is in constant time.
        if row is None or not hmac.compare_digest(row.digest, digest) or row.revoked_at is not None:
            return None
        self._note_use(row.id, row.used_at)
        return _key(row)

    def _note_use(self, key_id: str, used_at: datetime | None) -> None:
        now = self.now()
        if used_at is not None and now - used_at < USED_EVERY:
            return
        # A full disk or a long lock must not keep anybody from reading their results.
        with suppress(StoreError), self.writing() as session:
            session.execute(update(keys).where(keys.c.id == key_id).values(used_at=now))

    def key(self, key_id: str) -> ApiKey:
        """A key by its id, revoked or not.

        Raises:
            KeyNotFound: if there is none.
        """
        with self.reading() as session:
            row = session.execute(select(keys).where(keys.c.id == key_id)).one_or_none()
        if row is None:
            raise KeyNotFound(f"there is no API key {key_id}; `punchin keys list` shows all")
        return _key(row)

    def keys(self) -> list[ApiKey]:
        """All keys, the oldest first, the revoked ones too."""
        with self.reading() as session:
            return [_key(row) for row in session.execute(select(keys).order_by(keys.c.created_at, keys.c.id))]

    def rename_key(self, key_id: str, name: str) -> ApiKey:
        """Call a key something else.

        Raises:
            KeyNotFound: if there is none.
        """
        return self._change(key_id, {"name": name})

    def limit_key(self, key_id: str, limits: Limits) -> ApiKey:
        """Give a key other limits.

        Raises:
            KeyNotFound: if there is none.
        """
        return self._change(
            key_id,
            {
                "rate_per_minute": limits.rate_per_minute,
                "max_running": limits.max_running,
                "max_queued": limits.max_queued,
            },
        )

    def prepay_key(self, key_id: str, prepaid: Decimal | None) -> ApiKey:
        """Say what a key may spend in all, what it has spent included; None: as much as wanted.

        Raises:
            KeyNotFound: if there is none.
        """
        return self._change(key_id, {"prepaid": prepaid})

    def revoke(self, key_id: str) -> ApiKey:
        """The key opens nothing any more, from the next request on. Its jobs run on and are kept.

        Raises:
            KeyNotFound: if there is none.
        """
        return self._change(key_id, {"revoked_at": self.now()})

    def _change(self, key_id: str, values: dict[str, Any]) -> ApiKey:
        change = update(keys).where(keys.c.id == key_id).values(values).returning(keys)
        with self.writing() as session:
            row = session.execute(change).one_or_none()
        if row is None:
            raise KeyNotFound(f"there is no API key {key_id}; `punchin keys list` shows all")
        return _key(row)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _checked(secret: str) -> str:
    if not re.fullmatch(rf"[!-~]{{{SHORTEST},}}", secret):
        raise SettingsError(
            f"an API key needs at least {SHORTEST} letters, digits and signs without spaces; "
            "`openssl rand -hex 32` makes a good one"
        )
    return secret


def _key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        hint=row.hint,
        limits=Limits(
            rate_per_minute=row.rate_per_minute, max_running=row.max_running, max_queued=row.max_queued
        ),
        prepaid=row.prepaid,
        spent=row.spent,
        created_at=row.created_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
