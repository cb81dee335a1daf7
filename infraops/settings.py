"""Settings: one file, configured by the environment (or .env beside manage.py), safe by default.

.env.example explains every variable.
"""

import warnings
from pathlib import Path

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static
from django.urls import reverse_lazy

from infraops.databases import configure_database, parse_url, serves

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

# --- Who may connect ------------------------------------------------------------------------------

SECRET_KEY = env("SECRET_KEY")
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[])
DEBUG = env.bool("DEBUG", default=False)
# False: a broken part of a page is left out and logged (console/shielding.py). True: it raises.
RAISE_IN_PARTS = DEBUG
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

HTTPS = env.bool("HTTPS", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
X_FRAME_OPTIONS = "DENY"
# No page loads anything from another host, and no page has inline scripts. Unfold's Alpine
# evaluates attributes (eval); its theme colours and the widths of selects are inline styles.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# The form of a launch on thousands of servers names each of them.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000
CSRF_FAILURE_VIEW = "infraops.views.stale_form"

# --- Components -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "auditlog",
    "schema",
    "console",
    "audit",
    "accounts",
    "inventory",
    "automation",
    "tickets",
    "demo",
    "infraops",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "infraops.middleware.NoStoreMiddleware",
    # Compresses pages and API responses; docs/decisions.md explains why secrets in them are safe.
    "django.middleware.gzip.GZipMiddleware",
    "infraops.outages.middleware.OutageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SessionActivityMiddleware",
    "accounts.middleware.LoginRequiredMiddleware",
    "audit.middleware.AuditContextMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "infraops.middleware.MethodNotAllowedMiddleware",
]

ROOT_URLCONF = "infraops.urls"
WSGI_APPLICATION = "infraops.wsgi.application"

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

# --- Storage --------------------------------------------------------------------------------------

# How long console and worker wait for an answer of MySQL or MariaDB, in seconds.
DATABASE_TIMEOUT = env.int("DATABASE_TIMEOUT", default=30)
DATABASES = {
    "default": configure_database(
        parse_url(env("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'infraops.sqlite3'}")),
        DATABASE_TIMEOUT if serves() else None,
    )
}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

# auditlog's own table is not created: audit.AuditLog replaces it.
MIGRATION_MODULES = {"auditlog": None}

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
# Collected files have a hash in their name, are compressed, and cached by browsers forever. Files
# that were not collected, or have changed since, are served from their source.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "infraops.static_files.CollectedFiles"},
}
WHITENOISE_USE_FINDERS = True
warnings.filterwarnings("ignore", message="No directory at")  # nothing is collected: that is fine

# --- Users ----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("home")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]  # cost 12
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 10}  # type: ignore[assignment]

# Sessions are rows with their user, address and client. They end after this long without anybody at
# the keyboard, and in any case after this many hours.
SESSION_ENGINE = "accounts.session_store"
SESSION_IDLE_MINUTES = env.int("SESSION_IDLE_MINUTES", default=60)
SESSION_HOURS = env.int("SESSION_HOURS", default=12)
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
# API keys expire this long after they were issued, unless whoever issues one chooses another end.
API_KEY_DAYS = env.int("API_KEY_DAYS", default=90)
# How often each process writes when keys and sessions were last used; 0: never.
LAST_USE_SECONDS = 60

# --- Language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = "infraops.formats"
USE_I18N = False
TIME_ZONE = env("TIME_ZONE", default="UTC")
USE_TZ = True

# --- Running playbooks ----------------------------------------------------------------------------

# The only folders from which registered playbooks, and SSH private keys, may come.
PLAYBOOK_ROOT = Path(env("PLAYBOOK_ROOT", default=str(BASE_DIR / "playbooks")))
SSH_KEY_ROOT = Path(env("SSH_KEY_ROOT", default=str(Path.home() / ".ssh")))
SSH_CONFIG = env("SSH_CONFIG", default="")  # a file, or none; empty: what ssh reads anyway
# Servers in these are marked, and whoever is about to run something on them is warned.
_PRODUCTION = env.list("PRODUCTION_ENVIRONMENTS", default=["production", "prod", "live"])
PRODUCTION_ENVIRONMENTS = [name.strip().lower() for name in _PRODUCTION]
# Private folders of runs (None: in the system's temporary folder), and what outlives them.
RUN_ROOT = env("RUN_ROOT", default="") or None
STATE_ROOT = Path(env("STATE_ROOT", default=str(BASE_DIR / "state")))
# The program to run; empty: beside this Python if it is there, else from PATH.
ANSIBLE_PLAYBOOK = env("ANSIBLE_PLAYBOOK", default="")
# For the files that plays leave on this machine. Ours is 077: see infraops/private_files.py.
ANSIBLE_UMASK = env("ANSIBLE_UMASK", default="022")
RUN_DEADLINE_SECONDS = env.int("RUN_DEADLINE_SECONDS", default=3600)
RUN_DEADLINE_MAX_SECONDS = env.int("RUN_DEADLINE_MAX_SECONDS", default=4 * 3600)
# How long running jobs may go on after their worker was asked to stop.
WORKER_GRACE_SECONDS = env.int("WORKER_GRACE_SECONDS", default=60)
RUN_HEARTBEAT_SECONDS = 5
RUN_LOST_AFTER_SECONDS = 30

# A worker process that is busy for longer is killed. After a run it has to write down its end.
TASK_TIMEOUT_SECONDS = RUN_DEADLINE_MAX_SECONDS + 900

# django-q2 only carries wake-ups; the tables are the queue. A task delivered twice, late or never
# is harmless. Its cluster is not used: see automation/workers.
Q_CLUSTER = {
    "name": "infraops",
    "workers": env.int("WORKERS", default=2),
    "timeout": TASK_TIMEOUT_SECONDS,  # not used, but checked with `retry`
    "retry": TASK_TIMEOUT_SECONDS + 1,
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.2,
    "label": "Queue",
}
if REDIS_URL := env("REDIS_URL", default=""):
    Q_CLUSTER |= {"redis": REDIS_URL, "broker_class": "automation.queue.in_redis.RedisBroker"}
else:
    Q_CLUSTER |= {"orm": "default", "broker_class": "automation.queue.database.DatabaseBroker"}

# --- Audit ----------------------------------------------------------------------------------------

AUDITLOG_LOGENTRY_MODEL = "audit.AuditLog"
AUDITLOG_STORE_JSON_CHANGES = True
AUDITLOG_DISABLE_ON_RAW_SAVE = True
# Records that people edit. Columns changed by verbs are excluded: verbs record themselves.
TIMES, OF_IMPORTS = ["created_at", "updated_at"], ["position", "sealed_with", "imported_variables"]
OF_SYNCS = ["digest", "synced_at", "state", "message", "plan", "seen_glance", "progress_since"]
OF_ASKING = ["progress", "sync_cause", "is_dry_run", "asked_by", "expected_digest", "sync_token"]
AUDITLOG_INCLUDE_TRACKING_MODELS = [
    {
        "model": "accounts.User",
        "exclude_fields": ["last_login", "must_change_password", "is_system", *TIMES],
        "mask_fields": ["password"],
        "mask_callable": "audit.redaction.mask_value",
    },
    *({"model": f"inventory.{n}", "exclude_fields": TIMES} for n in ("Inventory", "SmartGroup")),
    {"model": "inventory.InventorySource", "exclude_fields": [*OF_SYNCS, *OF_ASKING, *TIMES]},
    {"model": "inventory.ServerGroup", "exclude_fields": [*OF_IMPORTS, *TIMES]},
    {"model": "inventory.ServerGroupMember", "exclude_fields": ["position", "source"]},
    {"model": "inventory.Server", "exclude_fields": [*OF_IMPORTS, "was_active", *TIMES]},
    {
        "model": "inventory.Credential",
        "m2m_fields": {"allowed_servers", "allowed_groups", "allowed_inventories"},
        "exclude_fields": TIMES,
        "mask_fields": [
            *("ssh_private_key", "ssh_key_passphrase", "ssh_password", "become_password"),
            "environment",
        ],
        "mask_callable": "audit.redaction.masked_if_any",
    },
    {
        "model": "automation.VaultPassword",
        "exclude_fields": TIMES,
        "mask_fields": ["password"],
        "mask_callable": "audit.redaction.masked_if_any",
    },
    {"model": "automation.Playbook", "exclude_fields": ["file_hash", *TIMES]},
    {"model": "tickets.Ticket", "include_fields": ["title", "description"]},
]

# The heads of seals, outside the database: a file (empty: none), and the system log (a socket that
# is there, or host:port of a UDP server; empty: none).
_DATABASE_FOLDER = (
    Path(str(DATABASES["default"]["NAME"])).parent
    if DATABASES["default"]["ENGINE"].endswith("sqlite3")
    else BASE_DIR
)
AUDIT_HEADS_FILE = env("AUDIT_HEADS_FILE", default=str(_DATABASE_FOLDER / "audit_heads.jsonl"))
AUDIT_SYSLOG = env("AUDIT_SYSLOG", default="/dev/log")

# --- API ------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.RolePermission"],
    "DEFAULT_PAGINATION_CLASS": "console.api.pagination.NumberedPages",
    "DEFAULT_FILTER_BACKENDS": ["console.api.filters.StrictFilterBackend"],
    "DEFAULT_PARSER_CLASSES": ["console.api.parsers.StorableJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "console.api.openapi.Documented",
    "EXCEPTION_HANDLER": "console.api.errors.exception_handler",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "InfraOps",
    "DESCRIPTION": "Servers, playbooks, jobs, logs, tickets and the audit trail.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["accounts.authentication.RolePermission"],
    "SCHEMA_PATH_PREFIX": "/api",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "JobStatus": "automation.models.Job.Status",
        "RunOutcome": "automation.models.Run.End",
        "RunState": "automation.models.Run.State",
        "SourceState": "inventory.models.InventorySource.State",
        "TaskStatus": "automation.models.TaskResult.Status",
        "TicketStatus": "tickets.models.Ticket.Status",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Otherwise the page loads a badge from another host.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "REDOC_DIST": "SIDECAR",
}

# --- Unfold, the console's shell ------------------------------------------------------------------

# A calm blue that no status uses.
BRAND = {
    "50": "#f0f6fe",
    "100": "#dceafc",
    "200": "#c0daf9",
    "300": "#95c2f5",
    "400": "#63a1ee",
    "500": "#3f80e7",
    "600": "#2a62db",
    "700": "#214ec9",
    "800": "#2140a3",
    "900": "#203981",
    "950": "#18244f",
}

UNFOLD = {
    "SITE_TITLE": "InfraOps",
    "SITE_HEADER": "InfraOps",
    "SITE_SUBHEADER": "Operations console",
    "SITE_URL": None,
    "SITE_SYMBOL": "terminal",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("favicon.svg"),
        },
    ],
    "LOGIN": {"form": "accounts.forms.LogInForm"},
    "ACCOUNT": {
        "navigation": [
            {"title": "Your account", "link": reverse_lazy("accounts:account")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
        ]
    },
    "SHOW_HISTORY": "infraops.navigation.may_see_history",
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {"primary": BRAND},
    "STYLES": [
        lambda request: static("infraops.css"),
        lambda request: static("shell.css"),
    ],
    # All deferred, except theme.js, which is in Unfold's outermost template.
    "SCRIPTS": [
        lambda request: static("keyboard.js"),
        lambda request: static("command.js"),
        lambda request: static("live.js"),
        lambda request: static("select_names.js"),
        lambda request: static("unsent.js"),
    ],
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "infraops.navigation.sidebar",
    },
    "GLOBAL_CALLBACK": "infraops.navigation.shell_context",
}

SILENCED_SYSTEM_CHECKS = [
    # MariaDB ignores the condition of django-q2's index; its queries stay correct.
    "models.W037",
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"set_up": {"()": "infraops.setup_errors.WithoutTraceback"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["set_up"]}
    },
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    # It logs a line for each wake-up that is queued.
    "loggers": {"django-q": {"level": "WARNING"}},
}
