"""The WSGI application: `gunicorn infraops.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infraops.settings")

application = get_wsgi_application()
