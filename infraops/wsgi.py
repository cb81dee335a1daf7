"""The WSGI application: `gunicorn infraops.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from infraops import databases
from infraops.private_files import make_private

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infraops.settings")
databases.is_console = True  # before the settings are read
make_private()

application = get_wsgi_application()
