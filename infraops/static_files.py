"""Static files with a hash in their name, if they were collected and have not changed since."""

from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedFiles(CompressedManifestStaticFilesStorage):
    """A file newer than its collected copy is served by its plain name.

    So if `collectstatic` is forgotten, an upgrade never pairs a page with an older script.
    WhiteNoise serves both.
    """

    def stored_name(self, name: str) -> str:
        collected = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return collected if collected and _is_same(name, self.path(name)) else name


@cache
def _is_same(name: str, copy: str) -> bool:
    """True if `collectstatic` would not copy the file again."""
    found = finders.find(name)
    if found is None or not Path(copy).exists():
        return False
    source, collected = Path(found).stat(), Path(copy).stat()
    return source.st_size == collected.st_size and source.st_mtime <= collected.st_mtime
