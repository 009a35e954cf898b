"""What upper apps add here: whose effects a person may see (an effect carries its action's id and no team)."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from accounts.models import User

#: Each returns the keys (EstateEffect.key) of the effects that belong to the person's teams, as a query of one column.
visible_keys: list[Callable[[User], QuerySet[Any, Any]]] = []
