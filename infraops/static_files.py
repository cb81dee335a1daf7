"""Static files by a name with their hash, as far as they were collected and are still the same."""

from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedFiles(CompressedManifestStaticFilesStorage):
    """A file that is newer than its collected copy goes by its own name: without `collectstatic` no
    upgrade pairs a page with the script of an older release. WhiteNoise serves both."""

    def stored_name(self, name: str) -> str:
        collected = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return collected if collected and _is_same(name, self.path(name)) else name


@cache
def _is_same(name: str, copy: str) -> bool:
    """As `collectstatic` itself tells whether a file has to be copied again."""
    found = finders.find(name)
    if found is None or not Path(copy).exists():
        return False
    source, collected = Path(found).stat(), Path(copy).stat()
    return source.st_size == collected.st_size and source.st_mtime <= collected.st_mtime
