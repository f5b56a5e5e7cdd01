"""The configuration of the how-to in a real nginx in front of the real program."""

import getpass
import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from django.test import Client

from labeler.pools.models import Image
from tests.conftest import picture
from tests.pools.conftest import bring

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "serve-images-by-nginx.md"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CONFIGURATION = """
{user}
daemon off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {place}/b; proxy_temp_path {place}/p;
  fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
  server {{ listen 127.0.0.1:{port}; {locations} }}
}}
"""


@pytest.fixture
def in_front(live_server, settings, tmp_path):
    """nginx with the page's configuration in front of the program; its port."""
    if NGINX is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("nginx is not installed: sudo apt install nginx-light")
    settings.ACCEL_REDIRECT = "/labeler-files/"
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    place = tmp_path / "nginx"
    place.mkdir()
    locations = re.search(r"```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[1]
    locations = locations.replace("/srv/labeler/data/files/", f"{tmp_path}/files/")
    locations = locations.replace("http://127.0.0.1:8000", live_server.url)
    assert live_server.url in locations
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    file = place / "nginx.conf"
    file.write_text(CONFIGURATION.format(user=user, place=place, port=port, locations=locations))
    server = subprocess.Popen([NGINX, "-c", str(file), "-p", str(place)])
    end = time.monotonic() + 30
    while True:
        assert server.poll() is None, (place / "error.log").read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)
    yield port
    server.terminate()
    server.wait(20)


def get(port, path, session="", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    cookie = {"Cookie": f"labeler_session={session}"} if session else {}
    connection.request("GET", path, headers=cookie | headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_nginx_sends_the_file_to_whom_the_program_lets(
    in_front, project, admin, annotator, outsider
):
    data = picture(1, (300, 200))
    bring(project, admin, [("leaf.png", data)])
    image = Image.objects.get(project=project)
    sessions = {}
    for user in (annotator, outsider):
        client = Client()
        client.force_login(user)
        sessions[user] = client.cookies["labeler_session"].value
    path = f"/images/{image.pk}/original"

    answer, body = get(in_front, path, sessions[annotator])
    assert (answer.status, body) == (200, data)
    assert answer.headers["Server"].startswith("nginx")
    assert "X-Accel-Redirect" not in answer.headers
    assert answer.headers["Content-Type"] == "image/png"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"

    part, body = get(in_front, path, sessions[annotator], Range="bytes=10-19")
    assert (part.status, body) == (206, data[10:20])
    again, _ = get(in_front, path, sessions[annotator], **{"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304

    assert get(in_front, path, sessions[outsider])[0].status == 404
    assert get(in_front, path)[0].status == 302
    inside = f"/labeler-files/{image.project_id}/{image.sha256[:2]}/{image.sha256}"
    assert get(in_front, inside, sessions[annotator])[0].status == 404
    for wrong in ("/labeler-files/../secret_key", "/labeler-files..%2fsecret_key"):
        assert get(in_front, wrong, sessions[annotator])[0].status in (400, 404)
