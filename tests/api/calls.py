"""A call of each route, and whether it changed anything."""

import hashlib
import json
import re
from urllib.parse import urlencode

from django.apps import apps
from django.db import connection

from tests.api.table import TABLE


def address(path, world):
    """The path with the ids of the world's project."""
    filled = {
        "upload": 1, "place": 0, "survey": 1, "cluster": 1, "decision": 1, "kind": "accepted",
        "pk": world.project.pk, "project_id": world.project.pk, "number": 1,
        "image": world.image.pk, "image_id": world.image.pk, "size": "thumb",
        "member": world.member.pk, "invitation": world.invitation.pk,
        "uuid": world.answered.uuid, "batch": world.answered.uuid, "secret": "nonsense",
        "fingerprint": "0123456789ab",
        "label": world.label.pk, "label_id": world.label.pk, "language": "ja", "version": "old",
        "member_id": world.member.pk, "invitation_id": world.invitation.pk, "token_id": 10**9,
        "account_id": world.member.user_id, "example_id": 1, "view_id": 1, "survey_id": 1,
        "features": "hog", "format": "onnx", "origin": 1, "study_id": 1, "target": 1,
        "webhook": world.webhook.pk, "webhook_id": world.webhook.pk,
        "delivery": world.delivery.pk, "delivery_id": world.delivery.pk,
        "account": world.member.user_id, "row": 1, "work_id": 1,
    }  # fmt: skip
    return "/" + re.sub(r"<\w+:(\w+)>", lambda found: str(filled[found[1]]), path)


def send(client, key, where):
    method, _, path = key.partition(" ")
    body = TABLE[key].body if key in TABLE else None
    if method == "GET":
        return client.get(where)
    if path.startswith("api/"):
        return client.generic(method, where, _json(body), content_type="application/json")
    return client.generic(method, where, _form(body), "application/x-www-form-urlencoded")


def _json(body):
    return "" if body is None else json.dumps(body)


def _form(body):
    return urlencode(body or {})


# Written by every signed-in request or by the sign-in itself; no business of a project.
# Scores are derived: a page that shows a version for the first time keeps what it measured.
# For the same reason a look at figures may ask a worker to measure.
BYSTANDERS = {
    "session", "accessattempt", "accesslog", "accessfailurelog", "score", "measuring", "visit",
}  # fmt: skip

HARMLESS = re.compile(
    r'\s*(SELECT|SAVEPOINT|RELEASE|ROLLBACK|PRAGMA|SET )|UPDATE "\w+" SET "last_used_at"', re.I
)


class Watch:
    """Knows whether a statement has changed a table since the digest was made."""

    digest, written = "", False

    def __call__(self, execute, sql, params, many, context):
        self.written |= not HARMLESS.match(sql)
        if self.written:  # until a rollback has taken it back, too
            self.digest = ""
            self.written = not sql.startswith("ROLLBACK")
        return execute(sql, params, many, context)


_watch = Watch()


def everything():
    """A digest of every table, but for when a token was used last. Reading some hundred tables
    takes longer than most calls: where nothing was written since, the last digest stands."""
    if _watch not in connection.execute_wrappers:
        _watch.digest = ""
        connection.execute_wrappers.append(_watch)
    _watch.digest = _watch.digest or _digest()
    return _watch.digest


def _digest():
    told = hashlib.sha256()
    for model in apps.get_models(include_auto_created=True):
        if model._meta.model_name not in BYSTANDERS:
            names = [f.attname for f in model._meta.concrete_fields if f.name != "last_used_at"]
            rows = model._base_manager.order_by("pk").values_list(*names)
            told.update(repr((model._meta.label, list(rows))).encode())
    return told.hexdigest()
