"""Sessions in the table `sessions` (SESSION_ENGINE): with their user, address and client."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.utils import timezone

from audit.context import current

from .models import Session


class SessionStore(db.SessionStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        """The session's row; None if it has expired or was idle for too long. Writes nothing."""
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc]
        if row is not None and row.was_idle(timezone.now()):
            self._session_key = None
            return None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row = cast(Session, super().create_model_instance(data))
        row.user_id = data.get(SESSION_KEY)
        row.ip_address = current().ip_address or ""
        row.user_agent = current().user_agent
        return row

    def save(self, must_create: bool = False) -> None:
        """Save. An existing row keeps its address, client and times."""
        if must_create or self.session_key is None:
            super().save(must_create)
            return
        row = self.create_model_instance(self._get_session(no_load=False))  # type: ignore[attr-defined]
        changed = {name: getattr(row, name) for name in ("user_id", "session_data", "expire_date")}
        if not self.model.objects.filter(session_key=self.session_key).update(**changed):
            raise UpdateError
