"""The chain as tables. Migration 0001 makes them in SQL; nothing is ever written through these models."""

from typing import Any, ClassVar, NoReturn

from django.db import models


class Entry(models.Model):
    """One audit entry. `body` is what was hashed; the other columns are copies of it, made by the database.

    hash = sha256(prev_hash || body::text), and body holds seq and at, so neither can move unseen.
    """

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    body = models.JSONField()
    prev_hash = models.BinaryField()
    hash = models.BinaryField()
    action = models.TextField()
    actor_kind = models.TextField()
    actor_id = models.TextField()
    actor_name = models.TextField()
    object_type = models.TextField()
    object_id = models.TextField()
    object_label = models.TextField()
    team_id = models.TextField()
    request_id = models.TextField()
    search_text = models.TextField()

    class Meta:
        managed = False
        db_table = "audit_entry"
        ordering: ClassVar = ["-seq"]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: the database does too; this only says it sooner."""
        raise TypeError("audit entries are appended by audit.services.record() and never changed")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse, as save() does."""
        raise TypeError("audit entries are never deleted")


class Head(models.Model):
    """The one row that says where the chain ends: the number and hash of its last entry."""

    singleton = models.BooleanField(primary_key=True, default=True)
    seq = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_head"

    def __str__(self) -> str:
        return f"head {self.seq}"
