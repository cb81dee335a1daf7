#!/usr/bin/env python
"""Run InfraOps' commands: `manage.py help` lists them."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError

from infraops.private_files import make_private

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infraops.settings")
    make_private(sys.argv)
    try:
        execute_from_command_line(sys.argv)
    except (DatabaseError, ImproperlyConfigured) as error:
        from infraops.setup_errors import explain_error

        if not (sentence := explain_error(error)) or "--traceback" in sys.argv:
            raise
        sys.exit(sentence)
