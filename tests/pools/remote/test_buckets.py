"""Buckets, against an S3 server in a process of its own (S04, S07, S39, list 58)."""

import pytest
from django.core.files.storage import storages

from labeler import env
from labeler.pools import imports, storage
from labeler.pools.archives import Unreadable
from labeler.pools.models import Image, Import
from labeler.pools.refusing import ImportFailed, ImportRefused
from labeler.pools.remote import addresses, listing, reading, s3
from labeler.pools.remote.reading import reader
from tests.conftest import picture
from tests.pools.conftest import pictures, refusals, work, zipped
from tests.pools.remote.conftest import SECRET


def put(bucket, **files: bytes) -> None:
    for name, data in files.items():
        bucket.put_object(Key=name, Body=data)


def bring(project, user, address: str, **options) -> Import:
    return work(imports.start(project=project, user=user, source="bucket", path=address, **options))


def test_what_lies_below_a_folder_comes_in(project, admin, bucket):
    for name, data in pictures(12):
        bucket.put_object(Key=f"summer/rust/{name}", Body=data)
    bucket.put_object(Key="summer-2/no.png", Body=picture(99))
    imp = bring(project, admin, "s3://leaves/summer", folders="labels")
    assert (imp.state, imp.total, imp.added, imp.refused) == ("done", 12, 12, 0)
    image = Image.objects.get(name="rust/3.png")
    assert image.address == "s3://leaves/summer/rust/3.png"
    assert not image.in_place
    assert storage.local_file(image).read_bytes() == picture(3)


def test_a_single_object_and_a_whole_bucket_are_addresses_too(bucket):
    put(bucket, **{"a/1.png": b"1", "a/1.png.bak": b"2", "b.png": b"3"})
    assert [found.name for found in listing.below("s3://leaves/a/1.png")] == ["1.png"]
    assert [found.name for found in listing.below("s3://leaves")] == [
        "a/1.png", "a/1.png.bak", "b.png",
    ]  # fmt: skip
    assert [found.name for found in listing.below("s3://leaves/")] == [
        "a/1.png", "a/1.png.bak", "b.png",
    ]  # fmt: skip
    assert list(listing.below("s3://leaves/none")) == []


def test_listings_go_on_page_by_page(bucket, monkeypatch):
    for n in range(25):
        bucket.put_object(Key=f"p/{n:02}.png", Body=b"x")
    client = s3._client(s3.settings.S3_ENDPOINT, signed=True)
    sizes = []

    def smaller(params, **_more):
        params["MaxKeys"] = 10
        sizes.append(10)

    client.meta.events.register("before-parameter-build.s3.ListObjectsV2", smaller)
    found = [each.name for each in listing.below("s3://leaves/p/")]
    assert found == [f"{n:02}.png" for n in range(25)]
    assert len(sizes) == 3


def test_keys_are_names_and_never_paths(project, admin, bucket, tmp_path):
    longest = "k" * 1020 + ".png"
    odd = ["../../up.png", "/lead.png", "a/../b.png", "é ü?#%2e+&.png", "C:\\x.png", longest]
    for n, key in enumerate(odd):
        bucket.put_object(Key=key, Body=picture(n))
    put(bucket, **{"folder/": b"", "x/.DS_Store": b"?", "Thumbs.db": b"?"})
    imp = bring(project, admin, "s3://leaves")
    assert (imp.total, imp.added, refusals(imp)) == (len(odd), len(odd), {})
    kept = tmp_path / "files"
    assert all(len(file.name.partition(".")[0]) == 64 for file in kept.rglob("*") if file.is_file())
    assert not [file for file in tmp_path.parent.rglob("*up.png")]


def test_what_a_bucket_calls_deleted_is_not_there(bucket):
    bucket.Versioning().enable()
    put(bucket, **{"1.png": picture(1), "2.png": picture(2)})
    bucket.Object("1.png").delete()
    assert [found.name for found in listing.below("s3://leaves")] == ["2.png"]
    with pytest.raises(Unreadable) as error:
        reader("s3://leaves/1.png")()
    assert error.value.refused.code == "not_found"


def test_a_bucket_that_is_not_there_fails_with_words(project, admin, bucket):
    imp = bring(project, admin, "s3://nobody-has-this/x")
    assert imp.state == "failed"
    assert "s3://nobody-has-this/x: There is nothing at this address." in imp.error


def test_a_large_object_comes_in_parts(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "PART", 100_000)
    for size in (0, 1, 100_000, 250_000):
        bucket.put_object(Key="big.zip", Body=bytes(size))
        path = tmp_path / f"{size}"
        reading.fetch("s3://leaves/big.zip", path, most=10**6)
        assert path.stat().st_size == size
    with pytest.raises(Unreadable):
        reading.fetch("s3://leaves/big.zip", tmp_path / "over", most=200_000)
    assert not (tmp_path / "over").exists()


def test_an_archive_in_a_bucket_is_opened(project, admin, bucket):
    put(bucket, **{"all.zip": zipped(pictures(3)), "9.png": picture(9)})
    imp = bring(project, admin, "s3://leaves")
    assert (imp.total, imp.added) == (4, 4)


def test_a_picture_beyond_the_limit_is_refused(project, admin, bucket, settings):
    settings.MAX_IMAGE_BYTES = 2000
    put(bucket, **{"big.png": bytes(2001), "1.png": picture(1)})
    imp = bring(project, admin, "s3://leaves")
    assert refusals(imp) == {"big.png": "too_many_bytes"}
    assert imp.added == 1


# ---- Whose keys, which server -----------------------------------------------------------------


def test_other_buckets_are_read_as_a_stranger_reads_them(bucket, settings):
    sent = []
    for allowed in (["s3://leaves/public"], ["s3://leaves"]):
        settings.IMPORT_BUCKETS = allowed
        client = s3.Bucket(addresses.place("s3://leaves/private/1.png")).client
        client.meta.events.register(
            "before-send.s3", lambda request, **_: sent.append("Authorization" in request.headers)
        )
        with pytest.raises(Unreadable):
            reader("s3://leaves/private/1.png")()
    assert sent == [False, True]


@pytest.mark.parametrize(
    ("allowed", "address", "ours"),
    [
        ("s3://leaves", "s3://leaves/a", True), ("s3://leaves/", "s3://leaves/a", True),
        ("s3://leaves/a", "s3://leaves/a/b", True), ("s3://leaves/a", "s3://leaves/a", True),
        ("s3://leaves/a", "s3://leaves/ab", False), ("s3://leaves", "s3://leaves2/a", False),
        ("s3://leaves", "gs://leaves/a", False), ("s3://leaves/a/", "s3://leaves/a/b", True),
    ],
)  # fmt: skip
def test_keys_are_used_for_the_named_folders_only(settings, allowed, address, ours):
    settings.IMPORT_BUCKETS = [allowed]
    assert addresses.place(address).is_ours_to_open is ours


def test_nobody_imports_from_the_installations_own_storage(project, admin, settings):
    settings.STORAGES = settings.STORAGES | {"default": env.storage("s3://home/labeler")}
    for address in ("s3://home", "s3://home/labeler", "s3://home/labeler/2/ab", "s3://home/lab"):
        with pytest.raises(ImportRefused) as error:
            imports.start(project=project, user=admin, source="bucket", path=address)
        assert error.value.code == "own_storage"
        with pytest.raises(Unreadable):
            reader(address)()
    addresses.check_bucket("s3://home/elsewhere")


def test_an_endpoint_is_judged_like_any_address(bucket, settings, canary):
    settings.S3_ENDPOINT = f"http://127.0.0.1:{canary.port}"
    with pytest.raises(ImportFailed) as error:
        list(listing.below("s3://leaves"))
    with pytest.raises(Unreadable):
        reader("s3://leaves/1.png")()
    assert canary.count() == 0
    assert "LABELER_FETCH_ALLOW" in str(error.value)


def test_what_an_endpoint_says_stays_with_it(bucket, settings, web):
    settings.FETCH_ALLOW = [f"127.0.0.1:{web.port}"]
    settings.S3_ENDPOINT = web.url("status/403").removesuffix("/")
    with pytest.raises(ImportFailed) as error:
        list(listing.below("s3://leaves"))
    assert SECRET.decode() not in str(error.value)
    assert web.seen, "it was asked"


def test_an_endpoint_that_leads_elsewhere_is_not_followed(bucket, settings, web, canary):
    settings.FETCH_ALLOW = [f"127.0.0.1:{web.port}"]
    web.http.onward["x/leaves/1.png"] = f"http://127.0.0.1:{canary.port}/"
    settings.S3_ENDPOINT = web.url("to/307/x")
    with pytest.raises(Unreadable):
        reader("s3://leaves/1.png")()
    assert web.seen
    assert canary.count() == 0


def test_a_bucket_that_goes_away_midway_keeps_what_came(project, admin, bucket, settings):
    for name, data in pictures(60):
        bucket.put_object(Key=name, Body=data)
    imp = imports.start(project=project, user=admin, source="bucket", path="s3://leaves")
    real, left = settings.S3_ENDPOINT, [20]
    opened = s3.Bucket.read

    def read(self, *given, **more):
        left[0] -= 1
        if left[0] < 0:
            settings.S3_ENDPOINT, settings.FETCH_ALLOW = "http://127.0.0.1:1", ["127.0.0.1:1"]
            self = s3.Bucket(addresses.place("s3://leaves/x"))
        return opened(self, *given, **more)

    s3.Bucket.read = read
    try:
        imp = work(imp)
    finally:
        s3.Bucket.read = opened
    assert imp.state == "failed"
    assert "could not be reached" in imp.error
    came = Image.objects.filter(project=project).count()
    settings.S3_ENDPOINT = real
    settings.FETCH_ALLOW = [real.removeprefix("http://")]
    imports.again(imp)
    imp = work(imp)
    assert imp.state == "done"
    assert Image.objects.filter(project=project).count() >= max(came, 20)


# ---- Our own storage in a bucket --------------------------------------------------------------


def test_a_pool_that_is_stored_in_a_bucket_takes_and_gives_pictures(
    project, admin, bucket, settings, moto, monkeypatch, client
):
    bucket.meta.client.create_bucket(Bucket="home")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{moto}")
    settings.STORAGES = settings.STORAGES | {"default": env.storage("s3://home/labeler")}
    put(bucket, **{"1.png": picture(1, (900, 700)), "2.png": picture(2, (900, 700))})
    imp = bring(project, admin, "s3://leaves")
    assert (imp.state, imp.added) == ("done", 2)
    image = Image.objects.get(name="1.png")
    client.force_login(admin)
    thumb = client.get(f"/images/{image.pk}/thumb")
    assert b"".join(thumb.streaming_content)[8:12] == b"WEBP"
    with storage.open_original(image) as file:
        assert file.read() == picture(1, (900, 700))
    assert storages["default"].bucket_name == "home"
    storage.forget(project.pk)
    home = bucket.meta.client.list_objects_v2(Bucket="home")
    assert home["KeyCount"] == 0
