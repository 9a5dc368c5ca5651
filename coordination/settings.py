"""The one settings module. Everything that differs between installations is read from the environment."""

from datetime import timedelta
from pathlib import Path

from coordination.core import embedded, logs
from coordination.core.environment import Env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Env()

# PROFILE is `production` or `development`. Development may start the embedded database, generate its own keys
# under var/ and send to loopback; production may do none of these and refuses to start half-configured.
PROFILE = env.str("PROFILE", default="development")
PRODUCTION = PROFILE == "production"
DEBUG = env.bool("DEBUG", default=False)

LOCAL_KEYS = {} if PRODUCTION else embedded.local_keys(VAR_DIR)
SECRET_KEY = env.str("SECRET_KEY", default=LOCAL_KEYS.get("SECRET_KEY", ""))
# Whether the law asks for validated cryptography (FIPS 140): then nothing starts without it (E024).
FIPS_REQUIRED = env.bool("FIPS_REQUIRED", default=False)
# Comma-separated `id:base64(32 bytes)`; the first seals, all open. See coordination.core.sealing.
SEALING_KEYS = env.list("SEALING_KEYS", default=[LOCAL_KEYS["SEALING_KEY"]] if LOCAL_KEYS else [])
BLIND_INDEX_KEY = env.str("BLIND_INDEX_KEY", default=LOCAL_KEYS.get("BLIND_INDEX_KEY", ""))
# While it is replaced: what is still indexed under this one is found too (manage.py rotate_index_key).
BLIND_INDEX_OLD_KEY = env.str("BLIND_INDEX_OLD_KEY", default="")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "coordination.desk",
    "coordination.triage",
    "coordination.referrals",
    "coordination.datarequests",
    "coordination.restrictions",
    "coordination.inbox",
    "coordination.outbox",
    "coordination.oncall",
    "coordination.cases",
    "coordination.evidence",
    "coordination.partners",
    "coordination.channels",
    "coordination.policy",
    "coordination.documents",
    "coordination.access",
    "coordination.rest",
    "coordination.ledger",
    "coordination.core",
    "coordination.desk.apps.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "rest_framework",
    "drf_spectacular",
    "drf_standardized_errors",
    "guardian",
    "knox",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
]

MIDDLEWARE = [
    "coordination.rest.edge.Edge",
    "django.middleware.security.SecurityMiddleware",
    "coordination.core.middleware.refuse_malformed",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # After whatever verifies a request and knows who asks: without a second factor no page answers.
    "coordination.access.gate.Gate",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "coordination.urls"
WSGI_APPLICATION = "coordination.wsgi.application"
ASGI_APPLICATION = "coordination.asgi.application"

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
            ],
        },
    },
]

# Without DATABASE_URL, development, the demo and the tests use the embedded PostgreSQL. Web and workers need
# `default` only; `owner` migrates and exists where DATABASE_OWNER_URL is set.
DATABASES = embedded.databases(
    VAR_DIR, url=env.str("DATABASE_URL", default=""), owner_url=env.str("DATABASE_OWNER_URL", default="")
)
DATABASE_PARTNER_ROLE = env.str("DATABASE_PARTNER_ROLE", default="coordination_partner")
DATABASE_BACKUP_ROLE = env.str("DATABASE_BACKUP_ROLE", default="coordination_backup")
# Django's BigAutoField, except that a row with sealed columns knows its number before it is inserted.
DEFAULT_AUTO_FIELD = "coordination.core.fields.RowId"

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "coordination.access.passwords.GuessableValidator"},
    {"NAME": "coordination.access.leaked.LeakedValidator"},
]
# A list of leaked passwords that the operator renews each quarter (access/leaked.py says which form).
LEAKED_PASSWORDS = env.str("LEAKED_PASSWORDS", default="")
# Words that somebody would try in a password here: products, teams. PLATFORM_NAME and _DOMAIN are among them.
PASSWORD_CONTEXT_WORDS = env.list("PASSWORD_CONTEXT_WORDS", default=[])
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
LOGOUT_REDIRECT_URL = "account_login"

# What everybody reads before they sign in.
SIGN_ON_BANNER = env.str(
    "SIGN_ON_BANNER",
    default=(
        f"This system belongs to {env.str('PLATFORM_NAME', default='Lanternchat')}. Only people who were "
        "given an account may use it, for their work alone. What is done here is recorded and reviewed. "
        "By signing in you agree to that."
    ),
)
# How long a session lasts without a click, and at all; how old a second factor may be for what weighs most.
IDLE_LOCK = timedelta(minutes=env.int("IDLE_LOCK_MINUTES", default=30))
LONGEST_SESSION = timedelta(hours=env.int("LONGEST_SESSION_HOURS", default=12))
STEP_UP_WITHIN = timedelta(minutes=env.int("STEP_UP_MINUTES", default=5))
# So many failures in so long lock the password and codes of an account until an administrator releases it.
LOCK_OUT_AFTER = 5
LOCK_OUT_WITHIN = timedelta(minutes=15)
UNUSED_AFTER = timedelta(days=90)
# The demo shows codes of authenticator applications, which nobody has; refused in production (E001).
DEMO_SHOW_CODES = env.bool("DEMO_SHOW_CODES", default=False)

ACCOUNT_ADAPTER = "coordination.access.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(STEP_UP_WITHIN.total_seconds())
# Per address alone: per account the lock-out counts, and it tells administrators.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "60/m/ip", "reauthenticate": "20/m/user"}
MFA_ADAPTER = "coordination.access.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "coordination.access.codes.AuthenticateForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 0
MFA_TOTP_ISSUER = f"{env.str('PLATFORM_NAME', default='Lanternchat')} safety desk"
AXES_HANDLER = "coordination.access.lockout.Handler"
AXES_LOCKOUT_CALLABLE = "coordination.access.lockout.answer"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Codes that were used and limits of pace, for all processes and across restarts. Django's would pickle.
CACHES = {
    "default": {
        "BACKEND": "coordination.access.jsoncache.JsonCache",
        "LOCATION": "access_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))()
STATICFILES_DIRS: list[Path] = []
# Development serves assets from where they lie; production what collectstatic gathered.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION

# Where exhibits lie, sealed: files outside anything that is served, or object storage (the extra `s3`).
EVIDENCE_DIR = env.path("EVIDENCE_DIR", default=str(VAR_DIR / "evidence"))()
EVIDENCE_BUCKET = env.str("EVIDENCE_BUCKET", default="")
EVIDENCE_S3_ENDPOINT = env.str("EVIDENCE_S3_ENDPOINT", default="") or None
EVIDENCE_KEEP_DAYS = env.int("EVIDENCE_KEEP_DAYS", default=2557)
# Where workers put packages together; what they made is sealed into the store, for so many hours.
PACKAGES_DIR = env.path("PACKAGES_DIR", default=str(VAR_DIR / "packages"))()
PACKAGES_KEEP_HOURS = env.int("PACKAGES_KEEP_HOURS", default=24)
# clamd, as host:port or the path of its socket; without one nothing is scanned, and exhibits say so.
CLAMD = env.str("CLAMD", default="")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "evidence": {
        "BACKEND": "coordination.evidence.bucket.ExhibitBucket",
        "OPTIONS": {
            "bucket_name": EVIDENCE_BUCKET,
            "endpoint_url": EVIDENCE_S3_ENDPOINT,
            "default_acl": "private",
        },
    }
    if EVIDENCE_BUCKET
    else {
        "BACKEND": "coordination.evidence.files.ExhibitFiles",
        "OPTIONS": {"location": str(EVIDENCE_DIR)},
    },
}

# What leaves the platform carries these names. Those of the demo are fictional: production has no default
# and does not start without one (coordination.E017-E022).
PLATFORM_NAME = env.str("PLATFORM_NAME", default="" if PRODUCTION else "Lanternchat")
PLATFORM_DOMAIN = env.str("PLATFORM_DOMAIN", default="" if PRODUCTION else "lanternchat.example")
PUBLIC_URL = env.str("PUBLIC_URL", default="" if PRODUCTION else "http://127.0.0.1:8000")

# The ledger's checkpoints (docs/ledger.md). Their name, once for all; the keys that sign, 32 bytes in base64
# each: one, or two while verifiers change over; the public keys (name+id+key) of what signed before.
# Production has no default for name and key and does not start without (coordination.ledger.E001, E002).
LEDGER_ORIGIN = env.str("LEDGER_ORIGIN", default="" if PRODUCTION else f"{PLATFORM_DOMAIN}/ledger")
LEDGER_SIGNING_KEYS = env.list(
    "LEDGER_SIGNING_KEYS", default=[] if PRODUCTION else [embedded.local_signing_key(VAR_DIR)]
)
LEDGER_VERIFIER_KEYS = env.list("LEDGER_VERIFIER_KEYS", default=[])
# Who stamps them from outside (RFC 3161): its address, a PEM file of the roots that we trust for it, the
# policy (an OID) that it must name, or any. Without an address the ledger is shown as not anchored.
LEDGER_AUTHORITY_URL = env.str("LEDGER_AUTHORITY_URL", default="")
LEDGER_AUTHORITY_ROOTS = env.str("LEDGER_AUTHORITY_ROOTS", default="")
LEDGER_AUTHORITY_POLICY = env.str("LEDGER_AUTHORITY_POLICY", default="")
LEDGER_ANCHOR_EVERY = timedelta(minutes=env.int("LEDGER_ANCHOR_MINUTES", default=10))

# Who answers at any hour: stands in every message to a partner.
CONTACT_NAME = env.str("CONTACT_NAME", default="Duty officer")
CONTACT_PHONE = env.str("CONTACT_PHONE", default="")
CONTACT_EMAIL = env.str("CONTACT_EMAIL", default="")

# Entry points in the group coordination.plugins that may be imported. Nothing else is.
PLUGINS_ALLOWED = env.list("PLUGINS_ALLOWED", default=["signed_webhook", "counsel_email", "platform_actions"])
# Where `secret:` references are looked up: the environment (SECRET_<NAME>) or files in this directory.
SECRETS_DIR = env.str("SECRETS_DIR", default="" if PRODUCTION else str(VAR_DIR / "secrets"))
# Networks, as CIDR, that a channel may reach although they are not public: loopback in development only.
CHANNELS_ALLOWED_NETWORKS = env.list(
    "CHANNELS_ALLOWED_NETWORKS", default=[] if PRODUCTION else ["127.0.0.0/8", "::1/128"]
)
# A file of certificate authorities beside the system's own, for partners with a private one.
CHANNELS_CA_FILE = env.str("CHANNELS_CA_FILE", default="")
CHANNELS_ALLOW_PLAIN_HTTP = env.bool("CHANNELS_ALLOW_PLAIN_HTTP", default=not PRODUCTION)

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.str("EMAIL_HOST", default="" if PRODUCTION else "127.0.0.1")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="" if PRODUCTION else f"desk@{PLATFORM_DOMAIN}")

# Gateways that wake people who are on call: each takes one signed post. E-mail leaves directly.
ONCALL_SMS_URL = env.str("ONCALL_SMS_URL", default="")
ONCALL_SMS_SECRET = env.str("ONCALL_SMS_SECRET", default="")
ONCALL_WEBHOOK_URL = env.str("ONCALL_WEBHOOK_URL", default="")
ONCALL_WEBHOOK_SECRET = env.str("ONCALL_WEBHOOK_SECRET", default="")
# Whom `manage.py watchdog` tells, directly; by what a monitor outside asks, and where it is told "well".
WATCHDOG = {
    "email": env.list("WATCHDOG_EMAIL", default=[]),
    "sms": env.list("WATCHDOG_SMS", default=[]),
    "webhook": env.list("WATCHDOG_WEBHOOK", default=[]),
    "ping_url": env.str("WATCHDOG_PING_URL", default=""),
    "token": env.str("WATCHDOG_TOKEN", default=""),
    "state": env.str("WATCHDOG_STATE", default=str(VAR_DIR / "watchdog.json")),
    "repeat_minutes": env.int("WATCHDOG_REPEAT_MINUTES", default=5),
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["coordination.rest.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["coordination.rest.permissions.DenyByDefault"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["coordination.rest.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "coordination.rest.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "coordination.rest.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "coordination.rest.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Coordination",
    "DESCRIPTION": "What partners and the platform's own systems can do.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer"}
# How long a token may live here; never more than 366 days.
API_TOKEN_LONGEST_DAYS = env.int("API_TOKEN_LONGEST_DAYS", default=366)
KNOX_TOKEN_MODEL = "access.ApiToken"  # noqa: S105  # nosec B105 - the name of a model
# Calls/seconds. `address`: tokens that open nothing, from one address (`address_urgent` on routes where a
# danger to life may wait); `caller`: one person or system; `group`: all of one agency; `urgent`: flags, and
# acknowledging a P0 message, which use up nothing of the others; `submission`: data requests of one officer.
RATE_LIMITS = {
    "address": env.str("RATE_LIMIT_ADDRESS", default="60/60"),
    "address_urgent": env.str("RATE_LIMIT_ADDRESS_URGENT", default="300/60"),
    "caller": env.str("RATE_LIMIT_CALLER", default="300/60"),
    "group": env.str("RATE_LIMIT_GROUP", default="1200/60"),
    "submission": env.str("RATE_LIMIT_SUBMISSION", default="60/3600"),
    "urgent": env.str("RATE_LIMIT_URGENT", default="6000/60"),
}
# So many approvals of one person within so long; nothing of a danger to life is counted or waits.
APPROVALS_AT_MOST = max(1, env.int("APPROVALS_AT_MOST", default=10))
APPROVALS_WITHIN = timedelta(minutes=env.int("APPROVALS_WITHIN_MINUTES", default=10))
# Of so many records opened within so long auditors are told; beyond so many the next waits, but for a P0.
READINGS_TOLD_OF = max(1, env.int("READINGS_TOLD_OF", default=150))
READINGS_AT_MOST = max(1, env.int("READINGS_AT_MOST", default=300))
READINGS_WITHIN = timedelta(minutes=env.int("READINGS_WITHIN_MINUTES", default=10))
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# Of a whole request, files too; a view takes less where it says so.
LARGEST_REQUEST = env.int("LARGEST_REQUEST", default=10 * 1024 * 1024)
# What is uploaded is never on disk unsealed: all that a request may bring stays in memory until it is.
FILE_UPLOAD_MAX_MEMORY_SIZE = LARGEST_REQUEST
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

PROCRASTINATE_ON_APP_READY = None
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
# Into how many parts, by case, one destination's queue is split; each part can be drained by another process.
DELIVERY_SHARDS = env.int("DELIVERY_SHARDS", default=1)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = int(LONGEST_SESSION.total_seconds())
# Of a session's key the database has a digest: no dump yields a cookie.
SESSION_ENGINE = "coordination.access.sessionstore"
# What a session holds (a secret that is being set up, messages) is as sealed in the database as any column.
SESSION_SERIALIZER = "coordination.access.sessiondata.Serializer"
# Not Django's own choice, which is a cookie: what is said may quote what is sealed, and is one person's.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "coordination.access.views.csrf_failure"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if PRODUCTION:
    # Only this very host, by TLS, can set or read a cookie of such a name (RFC 6265bis section 4.1.3.2).
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 63_072_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1

# Each entry of the ledger on the process's output too, as one line of JSON, for a system that keeps logs.
LEDGER_TO_LOG = env.bool("LEDGER_TO_LOG", default=False)
LOGGING = logs.configuration(env.str("LOG_LEVEL", default="WARNING"))
