"""Batch prediction: every picture a row, whatever the source; nothing enters the pool."""

import io
import json
import tarfile
from datetime import timedelta

import boto3
import pytest
from django.utils import timezone

from labeler.pools import staging
from labeler.pools.models import Image, Import
from labeler.pools.refusing import ImportRefused
from labeler.serving import judging, material, orders, results
from labeler.serving.models import BatchPrediction
from labeler.training import versions
from labeler.training.models import ModelVersion
from labeler.work import leases
from tests.conftest import pack
from tests.pools.conftest import zipped
from tests.pools.s3_server import KEYS, moto  # noqa: F401 - a fixture
from tests.serving.taught import ROWS, send, stripes, teach, work
from tests.training.drawn import striped

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught(project):
    teach(project)
    return project


def rows(batch):
    return list(results.rows(batch))


def codes(batch):
    return [row.get("error", {}).get("code") for row in rows(batch)]


def lay_out(folder, files):
    for name, data in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_bad_files_are_rows_with_a_reason_and_the_rest_goes_on(taught, admin):
    good = stripes(3)
    bad = [("empty.jpg", b""), ("text.png", b"no picture"), ("cut.png", good[0][1][:200])]
    batch = work(send(taught, admin, [*bad, *good]))
    told = rows(batch)
    assert (batch.state, batch.total, batch.judged, batch.refused) == ("done", 6, 3, 3)
    assert [row["name"] for row in told] == [name for name, _ in [*bad, *good]]
    assert codes(batch) == ["empty", "not_an_image", "truncated", None, None, None]
    assert all(row["error"]["reason"] and row["error"]["remedy"] for row in told[:3])
    assert all(row["labels"] or row["unknown"] for row in told[3:])
    assert sum(batch.counts.values()) + batch.unknown == 3
    # Nothing enters the pool, and nothing stays staged.
    assert (Image.objects.count(), Import.objects.count()) == (ROWS, 0)
    assert material.key(batch.pk) not in staging.folders()


def test_it_says_what_the_service_says(taught, admin):
    from labeler.serving.loaded import Loaded

    version = versions.serving(taught)
    version.project = taught
    loaded = Loaded(version)
    told = rows(work(send(taught, admin, stripes(3))))
    pixels = [loaded.prepared(data) for _, data in stripes(3)]
    said = loaded.said(loaded.batches.judged(pixels), version)
    loaded.close()
    for row, one in zip(told, said, strict=True):
        assert row["scores"] == pytest.approx(one.scores, abs=1e-6)
        assert row["labels"] == list(one.labels)


def test_the_pool_itself_is_judged_by_image(taught, admin):
    batch = work(orders.of_pool(taught, admin))
    known = taught.images.order_by("pk").values_list("pk", flat=True)
    assert [row["image"] for row in rows(batch)] == list(known)


def test_an_archive_and_what_hides_in_it(taught, admin):
    hostile = tarfile_of([("../out.png", striped(1)), ("a/1.png", striped(2))])
    batch = work(send(taught, admin, [("pack.tar", hostile), ("x.zip", b"no archive")]))
    assert codes(batch) == ["unsafe_name", None, "not_an_archive"]
    assert rows(batch)[1]["name"] == "pack.tar › a/1.png"


def tarfile_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def test_a_folder_of_the_server_must_be_an_allowed_one(taught, admin, settings, tmp_path):
    allowed = lay_out(tmp_path / "allowed", stripes(2))
    (allowed / "out.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "secret.png").write_bytes(striped(7))
    settings.IMPORT_FOLDERS = [allowed.resolve()]
    for place in (str(tmp_path), "/etc", f"{allowed}/../secret.png", "", "\0"):
        with pytest.raises(ImportRefused):
            orders.of_places(taught, admin, [place])
    batch = work(orders.of_places(taught, admin, [str(allowed)]))
    assert codes(batch) == [None, None, "link_leads_out"]
    assert rows(batch)[0]["address"] == str(allowed / "100.png")


def test_a_list_on_the_server_names_neighbours_and_nothing_outside(
    taught, admin, settings, tmp_path
):
    allowed = lay_out(tmp_path / "allowed", [("deep/1.png", striped(1)), ("2.png", striped(2))])
    lines = ["path,note", "deep/1.png,x", "2.png,y", "/etc/passwd,z", "gone.png,", "../a.png,"]
    (allowed / "list.csv").write_text("\n".join(lines))
    settings.IMPORT_FOLDERS = [allowed.resolve()]
    batch = work(orders.of_places(taught, admin, [str(allowed / "list.csv")]))
    assert [row["name"] for row in rows(batch)] == [line.partition(",")[0] for line in lines[1:]]
    assert codes(batch) == [None, None, "outside_folders", "no_such_folder", "outside_folders"]


def test_a_list_that_is_sent_reaches_no_private_address_and_no_file_of_the_server(taught, admin):
    lines = [
        {"content": "http://127.0.0.1:1/a.jpg"}, {"content": "https://169.254.169.254/latest"},
        {"content": "/etc/passwd"}, {"content": "0.png"}, {"content": "missing.png"},
    ]  # fmt: skip
    sent = "".join(json.dumps(line) + "\n" for line in lines).encode()
    batch = work(send(taught, admin, [("list.jsonl", sent), ("0.png", striped(3))]))
    assert codes(batch) == ["odd_port", "private_address", "no_paths", "not_beside", None]


def test_a_broken_list_fails_with_words(taught, admin):
    batch = work(send(taught, admin, [("list.csv", b"a,b\n1,2\n3,4\n")]))
    assert (batch.state, "No column seems to name files" in batch.error) == ("failed", True)


def test_a_bucket_is_judged(taught, admin, moto, monkeypatch, settings):  # noqa: F811
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    address = f"http://127.0.0.1:{moto}"
    client = boto3.client("s3", endpoint_url=address)
    client.create_bucket(Bucket="judged")
    for name, data in stripes(2):
        client.put_object(Bucket="judged", Key=f"in/{name}", Body=data)
    client.put_object(Bucket="judged", Key="in/list.csv", Body=b"path\n100.png\ngone.png\n")
    settings.S3_ENDPOINT, settings.IMPORT_BUCKETS = address, ["s3://judged"]
    settings.FETCH_ALLOW = [f"127.0.0.1:{moto}"]
    batch = work(orders.of_places(taught, admin, ["s3://judged/in"]))
    known = ["s3://judged/in/100.png", "s3://judged/in/101.png"]
    assert [row.get("address") for row in rows(batch)][:2] == known
    assert (batch.judged, batch.refused) == (2, 1)  # the list itself is no picture
    listed = work(orders.of_places(taught, admin, ["s3://judged/in/list.csv"]))
    assert codes(listed) == [None, "not_found"]


def test_the_version_and_its_thresholds_stay_as_they_were(taught, admin):
    batch = send(taught, admin, stripes(4))
    version = versions.serving(taught)
    ModelVersion.objects.filter(pk=version.pk).update(
        thresholds={str(pk): 1.01 for pk in version.label_ids}
    )
    assert work(batch).unknown == 0
    later = work(send(taught, admin, stripes(4)))
    assert (later.unknown, later.counts) == (4, {})


def test_a_deleted_version_fails_the_batch_and_leaves_the_results_of_others(taught, admin):
    done = work(send(taught, admin, stripes(1)))
    batch = send(taught, admin, stripes(1))
    versions.serving(taught).delete()
    failed = work(batch)
    assert (failed.state, "was deleted" in failed.error) == ("failed", True)
    done.refresh_from_db()
    assert (done.version, done.version_number, len(rows(done))) == (None, 1, 1)


def test_a_cancelled_one_keeps_what_was_judged(taught, admin, monkeypatch):
    monkeypatch.setattr("labeler.serving.chunks.FILES", 2)
    batch = send(taught, admin, stripes(6))
    row = leases.claim(BatchPrediction, batch.pk)
    with pytest.raises(leases.LeaseLost):
        judging.run(row, watch=lambda now: orders.cancel(batch) if now.read == 2 else None)
    batch.refresh_from_db()
    assert (batch.state, len(rows(batch))) == ("cancelled", 2)
    with pytest.raises(ImportRefused):
        orders.cancel(batch)


def test_it_gives_way_and_goes_on_behind_those_that_wait(taught, admin, monkeypatch):
    monkeypatch.setattr("labeler.serving.chunks.FILES", 2)
    monkeypatch.setattr(judging, "TURN_SECONDS", 0.0)
    long, short = send(taught, admin, stripes(6)), send(taught, admin, stripes(2))
    judging.run(leases.claim(BatchPrediction))
    long.refresh_from_db()
    assert (long.state, long.read, long.attempts) == ("due", 2, 0)
    assert leases.claim(BatchPrediction).pk == short.pk
    BatchPrediction.objects.filter(pk=long.pk).update(not_before=None)
    assert [row["name"] for row in rows(work(long))] == [name for name, _ in stripes(6)]


def test_a_worker_that_wakes_too_late_writes_nothing(taught, admin, monkeypatch):
    monkeypatch.setattr("labeler.serving.chunks.FILES", 2)
    batch = send(taught, admin, stripes(4))
    late = leases.claim(BatchPrediction, batch.pk)

    def overtake(now):
        BatchPrediction.objects.filter(pk=batch.pk).update(state="due", lease_until=None)
        work(batch)

    with pytest.raises(leases.LeaseLost):
        judging.run(late, watch=overtake, patient=False)
    batch.refresh_from_db()
    assert (batch.state, batch.judged) == ("done", 4)
    assert [row["name"] for row in rows(batch)] == [name for name, _ in stripes(4)]


def test_deleted_it_leaves_no_file(taught, admin, settings):
    batch = work(send(taught, admin, stripes(2)))
    folder = settings.STORAGES["default"]["OPTIONS"]["location"] / results.folder(batch)
    assert any(folder.iterdir())
    orders.delete(batch)
    assert not folder.exists()
    assert not BatchPrediction.objects.exists()


def test_results_are_deleted_when_they_were_kept_long_enough(taught, admin, settings):
    settings.BATCH_DAYS = 2
    old, new = work(send(taught, admin, stripes(1))), work(send(taught, admin, stripes(1)))
    ago = timezone.now() - timedelta(days=3)
    BatchPrediction.objects.filter(pk=old.pk).update(finished_at=ago)
    staging.folder(material.key(10**9))  # of one that is gone
    orders.sweep()
    assert list(BatchPrediction.objects.values_list("pk", flat=True)) == [new.pk]
    assert not [name for name in staging.folders() if name.startswith(material.BEFORE)]


def test_without_a_model_it_says_what_to_do(project, admin):
    with pytest.raises(orders.NoModel, match="then train"):
        send(project, admin, stripes(1))
    assert not BatchPrediction.objects.exists()


def test_nasty_pictures_are_each_refused_with_a_reason(taught, admin):
    with tarfile.open(pack("nasty")) as tar:
        wanted = [m for m in tar if m.isfile() and m.name.startswith("nasty/images/bad/")]
        files = [(member.name, tar.extractfile(member).read()) for member in wanted]
    batch = work(send(taught, admin, [*files, ("good.zip", zipped(stripes(1)))]))
    told = rows(batch)
    assert (batch.state, len(told)) == ("done", len(files) + 1)
    assert batch.refused >= len(files) // 2
    assert "scores" in told[-1]
