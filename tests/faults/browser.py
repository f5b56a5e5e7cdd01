"""A signed-in browser as far as the server can tell: a kept connection, a session, a CSRF token."""

import copy
import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

COOKIE, TOKEN = "labeler_session", "a" * 32
PATIENCE = 15.0  # seconds for one answer of the server
NO_ANSWER = (OSError, http.client.HTTPException, ValueError)  # none came, or half of one


class Browser:
    """Speaks to the web server at `url`. A request whose answer does not come raises NO_ANSWER."""

    def __init__(self, url: str, session: str = "", patience: float = PATIENCE) -> None:
        self.where, self.patience = urlsplit(url).netloc, patience
        self.headers = {"Origin": url, "Content-Type": "application/json"}
        if session:
            cookie = f"{COOKIE}={session}; csrftoken={TOKEN}"
            self.headers |= {"Cookie": cookie, "X-CSRFToken": TOKEN}
        self.connection: http.client.HTTPConnection | None = None

    def ask(self, path: str, body: dict | None = None) -> tuple[int, Any]:
        """(status, answer) of a GET, or of a POST where there is a body. Raises NO_ANSWER."""
        try:
            return self._ask(path, body)
        except NO_ANSWER:
            self.hang_up()
            raise

    def _ask(self, path: str, body: dict | None) -> tuple[int, Any]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.where, timeout=self.patience)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sent = None if body is None else json.dumps(body)
        self.connection.request("GET" if sent is None else "POST", path, sent, self.headers)
        answer = self.connection.getresponse()
        told = json.loads(answer.read())
        if answer.will_close:
            self.hang_up()
        return answer.status, told

    def again(self) -> "Browser":
        """The same person at the same server, over a connection of its own."""
        other = copy.copy(self)
        other.connection = None
        return other

    def hang_up(self) -> None:
        """Close the connection; the next request opens another."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None
