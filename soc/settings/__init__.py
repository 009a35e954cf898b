"""Django settings: the environment decides, `soc.env` refuses nonsense; docs/operations.md lists every name."""

import sys
from pathlib import Path

from integrations.addresses import allowance
from soc import env
from soc.settings.services import ServiceUrls, database

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(env.text("COUNTERSIGN_DATA_DIR", str(BASE_DIR / ".countersign"))).expanduser()

# Only these commands change tables and so connect as the owner; web and worker never do.
OWNER_COMMANDS = frozenset({"migrate", "makemigrations", "sqlmigrate"})
_command = sys.argv[1] if len(sys.argv) > 1 and sys.argv[0].endswith("manage.py") else ""
_urls = ServiceUrls.find(DATA_DIR)

DEMO = env.flag("COUNTERSIGN_DEMO", default=False)
DEMO_PASSWORD = env.text("COUNTERSIGN_DEMO_PASSWORD", "countersign-demo")
DEBUG = False
SECRET_KEY = _urls.secret_key
ALLOWED_HOSTS = env.words("COUNTERSIGN_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("COUNTERSIGN_CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "guardian",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "audit",
    "live",
    "accounts",
    "integrations",
    "incidents",
    "approvals",
    "agents",
    "metrics",
    "soc",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "soc.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "soc.middleware.ApiProblemMiddleware",
    "soc.middleware.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "audit.middleware.RequestContextMiddleware",
    "soc.middleware.UnavailableMiddleware",
]

ROOT_URLCONF = "soc.urls"
ASGI_APPLICATION = "soc.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "soc.context.desk",
            ],
            "builtins": ["soc.templatetags.desk"],
        },
    }
]

# --- database ---------------------------------------------------------------------------------
SERVING_ROLE = _urls.serving_role
DATABASES = {"default": database(_urls, as_owner=_command in OWNER_COMMANDS)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedSignupAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = False
# allauth limits per address: everybody of a demo comes from loopback (traps.md).
ACCOUNT_RATE_LIMITS = {
    "login": env.text("COUNTERSIGN_LOGIN_RATE", "2000/m/ip" if DEMO else "30/m/ip"),
    "login_failed": env.text("COUNTERSIGN_LOGIN_FAILED_RATE", "200/m/ip,50/5m/key" if DEMO else "10/m/ip,5/5m/key"),
    "reauthenticate": env.text("COUNTERSIGN_REAUTHENTICATE_RATE", "200/m/user" if DEMO else "10/m/user"),
}
SESSION_COOKIE_AGE = env.integer("COUNTERSIGN_SESSION_SECONDS", 12 * 3600, least=60)
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "soc.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- transport ---------------------------------------------------------------------------------
BEHIND_TLS = env.flag("COUNTERSIGN_TLS", default=False)
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS
SECURE_HSTS_PRELOAD = False
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
X_FRAME_OPTIONS = "DENY"
# The proxy redirects and TLS is its business; loopback runs are plain HTTP (docs/operations.md).
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016", "security.W021"]
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}
MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_ALERT_BYTES = 256 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- live, cache, background -------------------------------------------------------------------
REDIS_URL = _urls.redis_url
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # redis-py 8 gives sockets 5 s: every quiet subscription would drop (traps.md).
        "CONFIG": {"hosts": [{"address": _urls.redis_url, "socket_timeout": None}], "prefix": "countersign"},
    }
}
# The database holds sessions and limits too: Redis may die without logging anybody out.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "countersign"},
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
CELERY_BROKER_URL = _urls.celery_url
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "countersign"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
    # Kombu's own default tries for six seconds on each nudge, and every decision would wait for it.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.05,
    "interval_max": 0.1,
}
CELERY_TASK_PUBLISH_RETRY = False

# --- files, words, time ------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("COUNTERSIGN_STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- Countersign -------------------------------------------------------------------------------
CHECKPOINT_DIR = Path(env.text("COUNTERSIGN_CHECKPOINT_DIR", str(DATA_DIR / "checkpoints")))
CHECKPOINT_KEY_DIR = Path(env.text("COUNTERSIGN_CHECKPOINT_KEY_DIR", str(DATA_DIR / "checkpoint-keys")))
BLAST_CAPS = {"isolated_hosts": env.integer("COUNTERSIGN_MAX_ISOLATED_HOSTS", 5, least=1)}
AGENT_OPEN_ACTIONS = env.integer("COUNTERSIGN_AGENT_OPEN_ACTIONS", 200, least=1)
AGENT_PROPOSALS_PER_MINUTE = env.integer("COUNTERSIGN_AGENT_PROPOSALS_PER_MINUTE", 600, least=1)
EXECUTION_LEASE_SECONDS = env.integer("COUNTERSIGN_EXECUTION_LEASE_SECONDS", 30, least=1, most=3600)
# What the outbound client may reach beside the public internet; a newcomer's first receiver is on loopback.
CALLBACK_ALLOW = allowance(
    "COUNTERSIGN_CALLBACK_ALLOW", env.words("COUNTERSIGN_CALLBACK_ALLOW", "127.0.0.1,::1" if DEMO else "")
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "soc.logs.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("COUNTERSIGN_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.channels.server": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "daphne": {"level": "WARNING"},
        # It logs whole URLs at INFO; a callback's query may hold what only its receiver should read.
        "httpx2": {"level": "WARNING"},
    },
}
