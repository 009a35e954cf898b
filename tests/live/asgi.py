"""The product's application, with the boards on its pages."""

from soc.asgi import application

# isort: split
# Only now are the apps loaded that the boards import.
from tests.live import boards

boards.register()

__all__ = ["application"]
