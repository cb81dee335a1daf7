"""Export an inventory as files that Ansible reads."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.terminal import acting_user
from audit.context import acting_as
from inventory.ansible.credential_variables import write_private
from inventory.exporting import FORMATS, export_inventory
from inventory.models import Inventory
from schema.exceptions import Refused


class Command(BaseCommand):
    help = (
        "Export an inventory, its active servers and its groups, so that ansible-inventory reads "
        "it to the same result. Secrets are shown as ********, unless --secrets is given: then "
        "each file is encrypted with ansible-vault."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "inventory", nargs="?", default="", help="its name; by default the default one"
        )
        parser.add_argument(
            "--format",
            choices=FORMATS,
            default="yaml",
            help="folder: with group_vars and host_vars, where variables come from such files",
        )
        parser.add_argument(
            "--output",
            type=Path,
            metavar="PATH",
            help="a new file or folder (default: standard output; required for a folder)",
        )
        parser.add_argument("--secrets", action="store_true", help="with secrets, encrypted")
        parser.add_argument(
            "--vault-password-file", type=Path, metavar="FILE", help="the password to encrypt with"
        )
        parser.add_argument("--user", help="acting user (default: the first active admin)")

    def handle(self, *args: Any, **options: Any) -> None:
        inventory = _inventory(options["inventory"])
        if options["format"] == "folder" and options["output"] is None:
            raise CommandError("Give the new folder: --output PATH")
        if options["output"] is not None and options["output"].exists():
            raise CommandError(f"{options['output']} already exists.")
        actor = acting_user(options["user"])
        try:
            with acting_as(actor):
                files = export_inventory(
                    actor,
                    inventory,
                    options["format"],
                    with_secrets=options["secrets"],
                    vault_password=_password(options),
                )
        except ValidationError as error:
            raise CommandError(f"--vault-password-file: {' '.join(error.messages)}") from None
        except (Refused, PermissionDenied) as error:
            raise CommandError(str(error)) from None
        self._write(files, options)

    def _write(self, files: dict[str, str], options: dict[str, Any]) -> None:
        output: Path | None = options["output"]
        if output is None:
            (text,) = files.values()
            self.stdout.write(text, ending="")
            return
        try:
            write_files(files, output, is_folder=options["format"] == "folder")
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None


def write_files(files: dict[str, str], output: Path, *, is_folder: bool) -> None:
    """Write a new file, or a new folder with the files in it; readable by their owner only."""
    if not is_folder:
        (text,) = files.values()
        write_private(output, text)
        return
    for path, text in files.items():
        file = output / path
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, text)


def _inventory(name: str) -> Inventory:
    found = Inventory.objects.named(name) if name else Inventory.objects.default()
    if found is None:
        known = ", ".join(Inventory.objects.values_list("name", flat=True)[:20])
        raise CommandError(f"There is no inventory “{name}”. There are: {known}.")
    return found


def _password(options: dict[str, Any]) -> str:
    """The vault password: of the file, as ansible-vault reads it."""
    file: Path | None = options["vault_password_file"]
    if not options["secrets"]:
        if file is not None:
            raise CommandError("--vault-password-file goes with --secrets.")
        return ""
    if file is None:
        raise CommandError("Secrets are exported encrypted: give --vault-password-file FILE")
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from None
