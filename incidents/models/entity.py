"""Entities: the hosts, users, addresses and files that alerts speak of, each in its canonical form."""

from typing import ClassVar

from django.db import models

from incidents.models.alert import Alert


class EntityType(models.TextChoices):
    HOST = "host"
    USER = "user"
    IP = "ip"
    DOMAIN = "domain"
    URL = "url"
    HASH = "hash"
    PROCESS = "process"
    FILE = "file"
    EMAIL = "email"
    CLOUD_RESOURCE = "cloud_resource"


class Entity(models.Model):
    """One thing, once: (type, key). `value` is its canonical form as first seen; the key ignores case where the

    thing does (a host, an account of a domain), so that WS-1001 and ws-1001 are one machine.
    """

    type = models.CharField(max_length=16, choices=EntityType)
    value = models.CharField(max_length=512)
    key = models.CharField(max_length=512)
    first_seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["type", "key"], name="one_row_per_entity")]

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"

    @property
    def as_query(self) -> str:
        """The token that finds the alerts of this entity; a quotation mark cannot stand inside one."""
        return f'entity:"{self.value.split(chr(34))[0]}"'


class AlertEntity(models.Model):
    """The role an entity plays in an alert: source, destination, target, actor, related."""

    # The unique constraint below begins with the alert and serves as its index.
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="alert_entities", db_index=False)
    entity = models.ForeignKey(Entity, on_delete=models.PROTECT, related_name="alert_entities")
    role = models.CharField(max_length=16, default="related")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "entity", "role"], name="an_entity_plays_a_role_once")
        ]

    def __str__(self) -> str:
        return f"{self.entity} ({self.role})"
