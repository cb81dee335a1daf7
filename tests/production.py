"""infraops.settings as safe as production's, with made-up secrets: for `check --deploy`.

A developer's .env and database have no effect on what is checked.
"""

import os
import secrets

from cryptography.fernet import Fernet

os.environ.update(
    SECRET_KEY=secrets.token_urlsafe(60),
    ENCRYPTION_KEYS=Fernet.generate_key().decode(),
    DEBUG="false",
    HTTPS="true",
    SECURE_HSTS_SECONDS="31536000",
    ALLOWED_HOSTS="console.example.com",
    TRUSTED_PROXIES="127.0.0.1",
    DATABASE_URL="sqlite://:memory:",
)

from infraops.settings import *  # noqa: F403
from infraops.settings import SILENCED_SYSTEM_CHECKS

# A folder that this machine lacks, and modes of files that it has.
SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "infraops.W001", "infraops.W002"]
