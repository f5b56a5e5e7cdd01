"""Handing a question on: over a connection that stays open, and anew where it was closed."""

import http.server
import socket
import threading

import pytest
from django.test import RequestFactory

from labeler.serving import place


class Service(http.server.ThreadingHTTPServer):
    """Answers with the length of what it was asked; counts connections and questions."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections, self.asked = [], 0

    def get_request(self):
        found = super().get_request()
        self.connections.append(found[0])
        return found

    def hang_up(self):
        """Close every connection, as a service does that was started anew."""
        for each in self.connections:
            each.shutdown(socket.SHUT_RDWR)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = b"%d" % len(body)
        self.send_response(429 if body == b"busy" else 200)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *words):
        pass


@pytest.fixture
def service(settings):
    made = Service()
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    settings.SERVE_URL = f"http://127.0.0.1:{made.server_address[1]}"
    place._lines.__dict__.clear()
    yield made
    made.shutdown()
    made.server_close()
    place._lines.__dict__.clear()


def ask(body=b"picture"):
    return place.ask(RequestFactory().post("/api/v1/projects/1/predict"), body, "text/plain")


def test_one_connection_serves_many_questions(service):
    assert [ask(b"x" * n).body for n in (1, 2, 3)] == [b"1", b"2", b"3"]
    assert len(service.connections) == 1


def test_a_refusal_is_told_and_keeps_the_connection(service):
    assert ask(b"busy") == place.Answer(429, b"4", "7")
    assert ask().status == 200
    assert len(service.connections) == 1


def test_a_connection_closed_meanwhile_is_made_again(service):
    ask()
    service.hang_up()
    assert ask().status == 200
    assert (len(service.connections), service.asked) == (2, 2)


def test_another_address_gets_another_connection(service, settings):
    ask()
    settings.SERVE_URL = settings.SERVE_URL.replace("127.0.0.1", "localhost")
    assert ask().status == 200
    assert len(service.connections) == 2


def test_a_service_that_went_away_is_told(service):
    ask()
    service.shutdown()
    service.server_close()
    service.hang_up()
    with pytest.raises(place.Away):
        ask()
