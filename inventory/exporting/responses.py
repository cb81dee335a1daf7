"""An exported inventory as a download."""

import re
import zipfile
from io import BytesIO

from django.http import HttpResponse

from inventory.models import Inventory

CONTENT_TYPES = {"yaml": "application/yaml", "json": "application/json"}
ENDINGS = {"yaml": "yml", "json": "json", "folder": "zip"}


def file_response(files: dict[str, str], inventory: Inventory, kind: str) -> HttpResponse:
    """The file, or a zipped folder."""
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", str(inventory))
    if kind == "folder":
        content, content_type = _zipped(files, stem), "application/zip"
    else:
        (text,) = files.values()
        content, content_type = text.encode(), CONTENT_TYPES[kind]
    response = HttpResponse(content, content_type=content_type)
    name = f"{stem}.{ENDINGS[kind]}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _zipped(files: dict[str, str], folder: str) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{path}")
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return written.getvalue()
