from collections.abc import Iterator
from pathlib import Path

import pytest

from .seeing import Ansible


@pytest.fixture(scope="session")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ansible]:
    process = Ansible(Path(tmp_path_factory.mktemp("ansible")))
    yield process
    process.close()
