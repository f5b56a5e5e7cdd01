"""What a client says by the tus protocol."""

import base64
import io

from django.http.request import UnreadablePostError
from django.urls import reverse

from labeler.pools import resumable, staging

SPOKEN = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"


def metadata(**texts):
    pairs = ((key, base64.b64encode(text.encode()).decode()) for key, text in texts.items())
    return ",".join(f"{key} {text}" for key, text in pairs)


def create(client, imp, name, size, **more):
    where = reverse("import_uploads", args=[imp.project_id, imp.number])
    told = {"Upload-Length": str(size), "Upload-Metadata": metadata(filename=name, **more)}
    return client.post(where, headers=SPOKEN | told)


def patch(client, where, offset, data, **headers):
    given = SPOKEN | {"Upload-Offset": str(offset)} | headers
    if not data:  # else the test's client says neither
        given |= {"Content-Type": BYTES, "Content-Length": "0"}
    return client.generic("PATCH", where, data, content_type=BYTES, headers=given)


def offset(client, where):
    answer = client.head(where, headers=SPOKEN)
    assert answer.status_code == 200
    return int(answer["Upload-Offset"])


def staged(imp):
    return {file.name: file.path.read_bytes() for _, file in staging.listed(imp.pk)}


class Cut(io.BytesIO):
    """A connection that breaks when it has given all it had."""

    def read(self, size=-1):
        if block := super().read(size):
            return block
        raise UnreadablePostError("the line is dead")


def begin(imp, data, name="a.zip", fingerprint="7-7"):
    return resumable.begin(imp, name=name, size=len(data), fingerprint=fingerprint)
