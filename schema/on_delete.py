"""What Django's own on_delete functions lack."""

from typing import Any

from django.db import models


def CASCADE_ROW(collector: Any, field: Any, sub_objs: Any, using: str) -> None:
    """CASCADE for one of several keys of which a row has exactly one.

    Django's would set it to NULL first where a database checks constraints at once, which the
    row's own CHECK refuses, and would delete what it points to before it.
    """
    collector.collect(
        sub_objs,
        source=field.remote_field.model,
        source_attr=field.name,
        nullable=False,
        fail_on_restricted=False,
    )


RULES: dict[Any, str] = {
    models.CASCADE: "CASCADE",
    CASCADE_ROW: "CASCADE",
    models.SET_NULL: "SET NULL",
    models.RESTRICT: "RESTRICT",
    models.PROTECT: "RESTRICT",
}
