"""An API client that does not give up while the console is in trouble."""

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

SECONDS = 120


class Trouble(Exception):
    """No answer, or one that reports trouble of the console itself: try again."""


class Refusal(Exception):
    """The console rejects the request as wrong."""


@dataclass(frozen=True)
class ConsoleClient:
    url: str
    token: str

    def get(self, path: str) -> dict[str, Any]:
        return self._answer(urllib.request.Request(f"{self.url}{path}"))

    def post(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
        return self._answer(urllib.request.Request(f"{self.url}{path}", data, headers))

    def _answer(self, request: urllib.request.Request) -> dict[str, Any]:
        request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:300]
            if error.code >= 500 or error.code == 429:
                raise Trouble(f"{error.code}: {said}") from None
            raise Refusal(f"{error.code}: {said}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Trouble(str(error)) from None
