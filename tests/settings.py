"""The product's settings with a password hasher that does not spend the tests' time; subprocesses inherit them."""

from soc.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A storm logs fifty people in from loopback; the limits themselves are tested on purpose, with their own settings.
ACCOUNT_RATE_LIMITS = {"login": "10000/m/ip", "login_failed": "1000/m/ip", "reauthenticate": "1000/m/user"}
