"""The WSGI application: `gunicorn infraops.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from infraops import databases

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infraops.settings")
databases.is_console = True  # before the settings are read

application = get_wsgi_application()
