"""The product's settings with a password hasher that does not spend the tests' time; subprocesses inherit them."""

from soc.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
