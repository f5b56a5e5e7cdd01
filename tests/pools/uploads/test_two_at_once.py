"""Two senders of the same file at once."""

import io
import threading

import pytest
from django.db import connections
from django.test import Client

from labeler.pools import resumable, staging
from labeler.pools.models import Upload
from labeler.pools.refusing import ImportRefused
from tests.pools.uploads.tus import (
    SPOKEN,
    begin,
    create,
    patch,
    staged,
)

pytestmark = pytest.mark.django_db


def test_of_two_senders_at_once_one_is_told_to_wait(imp, archive):
    upload = begin(imp, archive)
    told = []

    class Meanwhile(io.BytesIO):
        def read(self, size=-1):
            try:
                resumable.take(Upload.objects.get(pk=upload.pk), 0, io.BytesIO(b"other bytes"))
            except ImportRefused as refused:
                told.append(refused.code)
            return super().read(size)

    resumable.take(upload, 0, Meanwhile(archive))
    assert set(told) == {"being_sent"}
    assert staged(imp) == {"a.zip": archive}


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_send_the_same_file_make_it_once(imp, archive, admin):
    """Each goes by the protocol: ask how far it is, send a little from there, again."""
    whole, wrong = archive * 20, []

    def tab():
        client = Client()
        client.force_login(admin)
        where = create(client, imp, "a.zip", len(whole), fingerprint="f")["Location"]
        while (asked := client.head(where, headers=SPOKEN)).get("Upload-Offset") != str(len(whole)):
            if asked.status_code == 200:
                at = int(asked["Upload-Offset"])
                asked = patch(client, where, at, whole[at : at + 1000])
            if asked.status_code not in (204, 409, 423):
                wrong.append(asked.status_code)
                break
        connections.close_all()

    tabs = [threading.Thread(target=tab) for _ in range(2)]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join(60)
    assert wrong == []
    assert Upload.objects.count() == 1
    assert [(f.name, f.path.read_bytes()) for _, f in staging.listed(imp.pk)] == [("a.zip", whole)]
