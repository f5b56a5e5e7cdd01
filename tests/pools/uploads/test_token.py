"""A script with a token sends files in pieces, too."""

import uuid

import pytest
from django.test import Client

from labeler.pools.models import Import
from labeler.projects import tokens
from tests.pools.conftest import work
from tests.pools.uploads.tus import SPOKEN, metadata, offset, patch

pytestmark = pytest.mark.django_db


def test_a_script_with_a_token_does_the_same(project, admin, archive):
    given = tokens.issue(user=admin, name="script")[1]
    script = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {given}"})
    at = f"/api/v1/projects/{project.pk}/imports"
    body = {"title": "nightly", "dry_run": False}
    opened = script.post(f"{at}/open", body, content_type="application/json")
    assert opened.status_code == 201, opened.content
    told = SPOKEN | {
        "Upload-Length": str(len(archive)),
        "Upload-Metadata": metadata(filename="a.zip"),
    }
    made = script.post(opened.json()["uploads_url"], headers=told)
    where = made["Location"]
    assert where.startswith(f"{at}/{opened.json()['id']}/uploads/")
    assert patch(script, where, 0, archive[:50]).status_code == 204
    assert script.post(opened.json()["seal_url"]).json()["code"] == "unfinished"
    assert offset(script, where) == 50
    assert patch(script, where, 50, archive[50:]).status_code == 204
    sealed = script.post(opened.json()["seal_url"])
    assert (sealed.status_code, sealed.json()["state"]) == (200, "queued")
    assert work(Import.objects.get()).added == 5
    assert script.head(f"{at}/1/uploads/{uuid.uuid4()}", headers=SPOKEN).status_code == 404
