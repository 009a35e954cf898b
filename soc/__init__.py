"""Composition root: settings, URLs, processes. It holds no domain."""

from soc.celery import app as celery_app

__all__ = ["celery_app"]
