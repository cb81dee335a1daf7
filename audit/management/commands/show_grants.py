"""Rights for the application's own database account, which may not change the audit trail."""

import re
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from audit.triggers import TABLES

NAME = re.compile(r"[\w.-]{1,80}+", re.ASCII)
HOST = re.compile(r"[\w.:%-]{1,255}+", re.ASCII)
ALL = "SELECT, INSERT, UPDATE, DELETE"
# Written by `migrate` alone.
READ_ONLY = {"django_migrations": "SELECT"}


class Command(BaseCommand):
    help = (
        "Print the GRANT statements that let a MySQL or MariaDB account run the console and the "
        "workers, but not change audit lines or seals. Repeat after each migration: new tables "
        "have no grants."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account", help="such as infraops_app, or infraops_app@10.0.0.%%")
        parser.add_argument(
            "--apply",
            action="store_true",
            help="execute them, as the account of DATABASE_URL; it needs GRANT OPTION",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "mysql":
            raise CommandError("SQLite has no accounts: whoever can write its file can change it.")
        statements = list(_grants(_quoted(options["account"])))
        if not options["apply"]:
            self.stdout.write("\n".join(f"{each};" for each in statements))
            return
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        self.stdout.write(f"{options['account']} has rights on {len(statements)} tables.")


def _quoted(account: str) -> str:
    name, _, host = account.partition("@")
    host = host or "%"
    if not NAME.fullmatch(name) or not HOST.fullmatch(host):
        raise CommandError(f"“{account}” is not NAME or NAME@HOST.")
    return f"'{name}'@'{host}'"


def _grants(account: str) -> Iterator[str]:
    append_only = dict.fromkeys(TABLES, "SELECT, INSERT")
    for table in sorted(connection.introspection.table_names()):
        rights = (append_only | READ_ONLY).get(table, ALL)
        name = connection.ops.quote_name(table)
        yield f"GRANT {rights} ON {name} TO {account}"
