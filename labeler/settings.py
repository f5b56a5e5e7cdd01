"""Every setting of the installation, in one place. docs/reference/settings.md explains them."""

from pathlib import Path

import dj_database_url

from labeler import env

ROOT = Path(__file__).resolve().parent.parent

# ---- Where things are -------------------------------------------------------------------------
DATA = env.folder("LABELER_DATA", ROOT / "data")
IMPORT_FOLDERS = env.folders("LABELER_IMPORT_FOLDERS")  # server folders an admin may import from
MODELS = env.folders("LABELER_MODELS")  # where ONNX files lie that an admin may choose
STORAGE_URL = env.url("LABELER_STORAGE_URL", f"file://{DATA / 'files'}", schemes={"file", "s3"})

# ---- Database: SQLite in the data folder, or what DATABASE_URL says ----------------------------
DATABASE_URL = env.url(
    "DATABASE_URL",
    f"sqlite:///{DATA / 'labeler.sqlite3'}",
    schemes={"sqlite", "postgres", "postgresql"},
)
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60)}
EMBEDDED = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if EMBEDDED:
    DATABASES["default"]["ENGINE"] = "labeler.work.sqlite3"  # threads wait in line, not by polling
    # WAL with deferred transactions fails under a few writers; IMMEDIATE waits its turn.
    # FULL, because an acknowledged label must survive a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA busy_timeout=20000; PRAGMA foreign_keys=ON"
        ),
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_suffix = env.text("LABELER_TEST_DB_SUFFIX")
if _suffix:
    DATABASES["default"]["TEST"] = {"NAME": f"test_labeler_{_suffix}"}

# ---- The web server ---------------------------------------------------------------------------
BIND = env.text("LABELER_BIND", "127.0.0.1")  # loopback, until somebody decides otherwise
PORT = env.integer("LABELER_PORT", 8000, most=65_535)  # 0: any free one
WEB_PROCESSES = env.integer("LABELER_WEB_PROCESSES", 1, least=1, most=64)
WEB_THREADS = env.integer("LABELER_WEB_THREADS", 8, least=1, most=256)
# Requests to the API in a minute, by each token or person; 0: as many as they like.
API_RATE = env.integer("LABELER_API_RATE", 6_000, least=0, most=1_000_000)

# ---- The prediction service ------------------------------------------------------------------
SERVING = env.boolean("LABELER_SERVING", False)  # this process is the service; `serve` says so
SERVE_URL = env.text("LABELER_SERVE_URL")  # where it is, if not on this machine with this data
SERVE_BIND = env.text("LABELER_SERVE_BIND", "127.0.0.1:0")  # port 0: any free one
SERVE_THREADS = env.integer("LABELER_SERVE_THREADS", 16, least=1, most=256)
SERVE_BYTES = env.integer("LABELER_SERVE_BYTES", 64 * 1024 * 1024, least=1024)  # of one request
BATCH_DAYS = env.integer("LABELER_BATCH_DAYS", 30, least=1, most=3650)  # results are kept

# ---- Security ---------------------------------------------------------------------------------
DEBUG = env.boolean("LABELER_DEBUG", False)
SECRET_KEY = env.secret_key(DATA, team=not EMBEDDED)
ALLOWED_HOSTS = env.words("LABELER_HOSTS", "localhost,127.0.0.1,[::1]")
HTTPS = env.boolean("LABELER_HTTPS", False)
CSRF_TRUSTED_ORIGINS = env.words("LABELER_ORIGINS")
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "labeler_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # those who watch a container ask it itself
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# Whether the other names below the installation's are https only is not ours to promise.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "labeler.projects.sessions"
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_AGE = 86_400 * env.integer("LABELER_SESSION_IDLE_DAYS", 14, least=1, most=365)
SESSION_LONGEST = 86_400 * env.integer("LABELER_SESSION_DAYS", 90, least=1, most=3650)  # seconds
BEHIND_PROXY = env.boolean("LABELER_BEHIND_PROXY", False)
PROXIES = env.integer("LABELER_PROXIES", 1, least=1, most=10)  # one behind the other
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
        "microphone", "midi", "payment", "usb",
    )
)  # fmt: skip
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 30_000  # five for each label in the settings, at most 5,000
DATA_UPLOAD_MAX_NUMBER_FILES = 1_000
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750

# ---- People -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "projects.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "labeler.projects.sessions.Backend",
]
_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [  # length, not signs of every kind: people remember phrases
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},  # 20,000 of them
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "projects"
LOGOUT_REDIRECT_URL = "sign_in"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_HANDLER = "labeler.accounts.limits.Limits"
AXES_CLIENT_IP_CALLABLE = "labeler.accounts.addresses.client"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # a lock ends, whoever knocks on
AXES_ENABLE_ACCESS_FAILURE_LOG = True  # the two limits below are counted there
FAILURES_PER_NAME = 100  # in an hour, from whatever addresses
FAILURES_PER_ADDRESS = 300  # in an hour, for whatever names: a team may share one address
SECOND_FACTOR = env.choice(
    "LABELER_SECOND_FACTOR", "optional", ("optional", "admins", "everyone")
)  # who must have one
AXES_LOCKOUT_CALLABLE = "labeler.projects.views.account.locked_out"
CSRF_FAILURE_VIEW = "labeler.errors.no_csrf"
JOURNAL_DAYS = env.integer("LABELER_JOURNAL_DAYS", 0, most=36_500)  # 0: its lines stay for ever
FORGET_DAILY = env.boolean("LABELER_FORGET_DAILY", True)  # else somebody runs `forget_old`
SIGN_IN_LOG_DAYS = env.integer("LABELER_SIGN_IN_LOG_DAYS", 90, least=1, most=36_500)

# ---- Mail: only for links to people who lost their password ------------------------------------
MAIL = env.mail(env.text("LABELER_EMAIL_URL"))
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL[:4]
EMAIL_USE_SSL, EMAIL_USE_TLS = MAIL[4:]
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env.text("LABELER_EMAIL_FROM", "labeler@localhost")

# ---- Single sign-on ---------------------------------------------------------------------------
OIDC_ISSUER = env.text("LABELER_OIDC_ISSUER").rstrip("/")  # https, but on this machine
OIDC_CLIENT = env.text("LABELER_OIDC_CLIENT")
OIDC_SECRET = env.text("LABELER_OIDC_SECRET")
OIDC_NAME = env.text("LABELER_OIDC_NAME", "single sign-on")  # on the button
OIDC_DOMAINS = [word.lower() for word in env.words("LABELER_OIDC_DOMAINS")]

# ---- The program ------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "django_htmx",
    "labeler.journal",
    "labeler.work",
    "labeler.projects",
    "labeler.accounts",
    "labeler.pools",
    "labeler.labeling",
    "labeler.training",
    "labeler.evaluation",
    "labeler.exploring",
    "labeler.serving",
    "labeler.webhooks",
    "labeler.apps.RoofConfig",
]
MIDDLEWARE = [
    "labeler.logs.requests.numbered",
    "labeler.operations.latency.timed",
    "django.middleware.security.SecurityMiddleware",
    "labeler.pools.fast_lane.pictures",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "labeler.http.ContentSecurityPolicy",
    "labeler.http.headers",
    "labeler.projects.languages.Language",
    "labeler.http.api_errors",
    "labeler.http.same_site",
    "labeler.projects.archiving.watch",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "labeler.http.parts",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "labeler.accounts.visits.ages",
    "labeler.accounts.asking.SecondFactorAsked",
    "labeler.accounts.journal.watch",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "labeler.urls"
WSGI_APPLICATION = "labeler.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"look": "labeler.projects.templatetags.look"},
            "builtins": [
                "django.templatetags.static",
                "django.templatetags.i18n",
                "labeler.projects.templatetags.look",
            ],
        },
    }
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ja", "日本語")]
LOCALE_PATHS = [ROOT / "locale"]
LANGUAGE_COOKIE_NAME = "labeler_language"
USE_TZ = True
TIME_ZONE = env.text("LABELER_TIME_ZONE", "UTC")

# ---- Files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [ROOT / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]  # ours, no others'
STORAGES = {
    "default": env.storage(STORAGE_URL),
    "staticfiles": {
        "BACKEND": "labeler.static.HashedStatic"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "labeler.pools.uploads.OnThisDisk",
]
ACCEL_REDIRECT = env.location("LABELER_ACCEL_REDIRECT")  # of the web server in front
SIGNED_URLS = env.origin("LABELER_SIGNED_URLS")  # of the bucket, which then sends pictures itself
if SIGNED_URLS:
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["img-src"].append(SIGNED_URLS)
CACHE_BYTES = env.integer("LABELER_CACHE_BYTES", 10 * 1024**3, least=1024**2)
MAX_IMAGE_BYTES = env.integer("LABELER_MAX_BYTES", 50 * 1024 * 1024, least=1024)
MAX_IMAGE_PIXELS = env.integer("LABELER_MAX_PIXELS", 50_000_000, least=1024)
MAX_IMAGE_SIDE = env.integer("LABELER_MAX_SIDE", 20_000, least=32)
MAX_ARCHIVE_BYTES = env.integer("LABELER_MAX_ARCHIVE_BYTES", 20 * 1024**3, least=1024)
MAX_ARCHIVE_MEMBERS = env.integer("LABELER_MAX_ARCHIVE_MEMBERS", 1_000_000, least=1)

# ---- Pictures that lie elsewhere --------------------------------------------------------------
# Hosts and networks that imports may reach although they are private, or by http: see remote/guard.
FETCH_ALLOW = env.places("LABELER_FETCH_ALLOW", env.words("LABELER_FETCH_ALLOW"))
FETCH_SECONDS = env.integer("LABELER_FETCH_SECONDS", 30, least=1, most=600)  # for one picture
# The buckets that are read with this installation's keys; any other as a stranger reads it.
IMPORT_BUCKETS = env.words("LABELER_IMPORT_BUCKETS")
S3_ENDPOINT = env.text("LABELER_S3_ENDPOINT")  # "": as for storage, from the AWS_… variables

# ---- Work in the background -------------------------------------------------------------------
CELERY_BROKER_URL = env.url(
    "CELERY_BROKER_URL",
    "folder://",
    schemes={"folder", "amqp", "amqps", "redis", "rediss"},
)
BROKER_FOLDER = DATA / "broker"
SWEEP_SECONDS = env.integer("LABELER_SWEEP_SECONDS", 5, least=1, most=300)
LEASE_SECONDS = env.integer("LABELER_LEASE_SECONDS", 60, least=1, most=3600)

# ---- Watching --------------------------------------------------------------------------------
METRICS_TOKEN = env.password("LABELER_METRICS_TOKEN", least=20)  # for /metrics and nothing else
TRACES_URL = env.origin("LABELER_TRACES_URL")  # of a collector of OpenTelemetry

# ---- Log --------------------------------------------------------------------------------------
LOG_LEVEL = env.text("LABELER_LOG_LEVEL", "INFO").upper()
LOG_FORMAT = env.choice("LABELER_LOG_FORMAT", "text", ("text", "json"))
LOG_REQUESTS = env.boolean("LABELER_LOG_REQUESTS", False)  # a line for each
_ALONE = {"handlers": ["stderr"], "level": "WARNING", "propagate": False}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "labeler.logs.formats.Lines", "json": LOG_FORMAT == "json"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "labeler": {"level": LOG_LEVEL},
        "axes": {"level": "WARNING"},
        "gunicorn.error": _ALONE,  # else it has a handler and a form of its own
        "django.server": _ALONE,
        "kombu.connection": {"level": "ERROR"},  # else folder:// is told that it lacks a host
    },
}
