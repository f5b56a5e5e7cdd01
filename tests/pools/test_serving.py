"""How a picture is sent: parts of it, by another server, and to whom at all."""

import io

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from PIL import Image as Picture

from labeler import env
from labeler.pools import fast_lane, storage
from labeler.pools.models import Image
from labeler.projects import members
from labeler.projects.models import Project, User
from tests.conftest import picture
from tests.pools.conftest import bring

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(project, admin):
    bring(project, admin, [("leaf.png", picture(1, (300, 200)))])
    return Image.objects.get(project=project)


@pytest.fixture
def browser(annotator):
    return signed_in(annotator)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def path_of(image, size="original"):
    return f"/images/{image.pk}/{size}"


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def ask(client, image, **headers):
    return client.get(path_of(image), headers={k.replace("_", "-"): v for k, v in headers.items()})


# ---- Parts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=5-5", slice(5, 6)),
        ("bytes=20-", slice(20, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=-999999", slice(0, None)),
        ("bytes=10-999999", slice(10, None)),
    ],
)
def test_a_part_is_sent_as_asked(browser, image, asked, part):
    data = picture(1, (300, 200))
    answer = ask(browser, image, Range=asked)
    wanted = data[part]
    assert answer.status_code == 206
    assert body(answer) == wanted
    start = data.index(wanted) if part.start == 0 else len(data) - len(data[part.start :])
    last = start + len(wanted) - 1
    assert answer["Content-Range"] == f"bytes {start}-{last}/{len(data)}"
    assert answer["Content-Length"] == str(len(wanted))
    assert answer["Content-Type"] == "image/png"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=999999-1000000", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused_with_the_size(browser, image, asked):
    answer = ask(browser, image, Range=asked)
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(picture(1, (300, 200)))}"


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,4-5", "lines=1-2", "bytes=9-3", "bytes=-", "bytes=a-b", "bytes", "x" * 9999,
     "bytes=" + "9" * 40 + "-", "bytes=٣-٤", ""],
)  # fmt: skip
def test_what_cannot_be_sent_in_part_is_sent_whole(browser, image, asked):
    answer = ask(browser, image, Range=asked)
    assert answer.status_code == 200
    assert body(answer) == picture(1, (300, 200))
    assert answer["Accept-Ranges"] == "bytes"


def test_a_part_of_something_else_by_now_is_sent_whole(browser, image):
    etag = ask(browser, image)["ETag"]
    assert ask(browser, image, Range="bytes=0-4", If_Range='"other"').status_code == 200
    assert ask(browser, image, Range="bytes=0-4", If_Range=etag).status_code == 206
    assert ask(browser, image, Range="bytes=0-4", If_None_Match=etag).status_code == 304


def test_a_look_at_the_head_costs_no_body(browser, image):
    for headers in ({}, {"Range": "bytes=0-4"}):
        answer = browser.head(path_of(image), headers=headers)
        assert answer.status_code == 200
        assert answer["Content-Length"] == str(len(picture(1, (300, 200))))
        assert body(answer) == b""


# ---- The short way is as strict as the long one -------------------------------------------


def both_ways(client, image, monkeypatch):
    """The status of the picture by the short way, and by the long way alone."""
    short = client.get(path_of(image)).status_code
    with monkeypatch.context() as slow:
        slow.setattr(fast_lane, "_allowed", lambda request, pk: None)
        assert client.get(path_of(image)).status_code == short
    return short


def is_short(client, image):
    """Whether the short way answers."""
    answer = client.get(path_of(image))
    return answer.status_code == 200 and not hasattr(answer.wsgi_request, "user")


def test_members_go_the_short_way_with_the_same_answer(browser, image, owner, monkeypatch):
    for client in (browser, signed_in(owner)):
        assert is_short(client, image)
        short = client.get(path_of(image))
        with monkeypatch.context() as slow:
            slow.setattr(fast_lane, "_allowed", lambda request, pk: None)
            long = client.get(path_of(image))
        assert body(short) == body(long)
        own = {"X-Request-ID"}  # differs from request to request
        assert {n: v for n, v in short.headers.items() if n not in own} == {
            n: v for n, v in long.headers.items() if n not in own
        }


def test_a_sign_out_counts_at_once_also_for_who_kept_the_cookie(browser, image, monkeypatch):
    kept = browser.cookies["labeler_session"].value
    assert is_short(browser, image)
    browser.post("/sign-out")
    browser.cookies["labeler_session"] = kept
    assert both_ways(browser, image, monkeypatch) == 302


def test_a_new_password_ends_other_sessions_at_once(browser, image, annotator, monkeypatch):
    assert is_short(browser, image)
    annotator.set_password("another long phrase")
    annotator.save()
    assert both_ways(browser, image, monkeypatch) == 302


def test_who_was_taken_out_sees_nothing_any_more(browser, image, project, annotator, monkeypatch):
    assert is_short(browser, image)
    member = project.memberships.get(user=annotator)
    members.deactivate(project, member.pk)
    assert both_ways(browser, image, monkeypatch) == 403
    members.reactivate(project, member.pk)
    assert is_short(browser, image)
    members.remove(project, member.pk)
    assert both_ways(browser, image, monkeypatch) == 404


def test_an_account_that_is_closed_sees_nothing(browser, image, annotator, monkeypatch):
    User.objects.filter(pk=annotator.pk).update(is_active=False)
    assert both_ways(browser, image, monkeypatch) == 302


def test_a_deleted_project_shows_nothing(browser, image, project, monkeypatch):
    Project.objects.filter(pk=project.pk).update(leaving_at=project.created_at)
    assert both_ways(browser, image, monkeypatch) == 404


def test_strangers_and_forged_sessions_get_nothing(image, outsider, annotator, monkeypatch):
    assert both_ways(signed_in(outsider), image, monkeypatch) == 404
    for value in ("", "x" * 32, "a\0b", "ü" * 9):
        client = Client()
        client.cookies["labeler_session"] = value
        assert both_ways(client, image, monkeypatch) == 302
    client = signed_in(annotator)
    session = client.session
    session["_auth_user_id"] = str(outsider.pk)  # another person's id with this one's hash
    session.save()
    assert both_ways(client, image, monkeypatch) == 302


def test_an_expired_session_is_none(browser, image, monkeypatch):
    from django.contrib.sessions.models import Session

    Session.objects.update(expire_date="2020-01-01T00:00:00Z")
    assert both_ways(browser, image, monkeypatch) == 302


def test_another_name_of_the_host_is_refused(browser, image):
    assert browser.get(path_of(image), headers={"Host": "evil.example"}).status_code == 400


def test_a_token_does_not_ride_on_a_session(browser, image):
    answer = browser.get(path_of(image), headers={"Authorization": "Bearer lbl_wrong"})
    assert answer.status_code == 200  # pages know no tokens; the session counts, the long way
    assert not is_short(Client(), image)


def test_a_picture_takes_two_queries(browser, image, django_assert_num_queries):
    browser.get(path_of(image))
    with django_assert_num_queries(2):
        browser.get(path_of(image))


# ---- By nginx -----------------------------------------------------------------------------


def test_the_server_in_front_is_told_which_file_to_send(browser, image, settings):
    settings.ACCEL_REDIRECT = "/files/"
    answer = browser.get(path_of(image))
    assert answer["X-Accel-Redirect"] == f"/files/{storage.name_of(image.project_id, image.sha256)}"
    assert (answer.status_code, body(answer)) == (200, b"")
    assert answer["Content-Type"] == "image/png"
    assert "immutable" in answer["Cache-Control"]
    # What is named is the file itself, inside the storage's folder.
    inside = answer["X-Accel-Redirect"].removeprefix("/files/")
    top = storage.default_storage.path("")
    assert storage.default_storage.path(inside).startswith(top)
    with storage.default_storage.open(inside) as file:
        assert file.read() == picture(1, (300, 200))


def test_small_copies_go_the_same_way(browser, project, admin, settings):
    settings.ACCEL_REDIRECT = "/files/"
    big = io.BytesIO()
    Picture.new("RGB", (2000, 1500), (9, 99, 9)).save(big, "PNG")
    bring(project, admin, [("big.png", big.getvalue())])
    image = Image.objects.get(project=project)
    for size, kind in (("thumb", "image/webp"), ("screen", "image/jpeg")):
        answer = browser.get(path_of(image, size))
        assert answer["X-Accel-Redirect"].endswith(f".{size}")
        assert answer["Content-Type"] == kind


def test_nobody_is_sent_a_file_that_they_may_not_see(image, outsider, settings):
    settings.ACCEL_REDIRECT = "/files/"
    answer = signed_in(outsider).get(path_of(image))
    assert answer.status_code == 404
    assert "X-Accel-Redirect" not in answer


def test_an_original_elsewhere_is_sent_by_us(browser, image, settings, tmp_path, monkeypatch):
    settings.ACCEL_REDIRECT = "/files/"
    Image.objects.filter(pk=image.pk).update(in_place=True, address=str(tmp_path / "x.png"))
    monkeypatch.setattr(
        storage, "open_original", lambda image: storage.default_storage.open(
            storage.name_of(image.project_id, image.sha256), "rb"
        )
    )  # fmt: skip
    answer = browser.get(path_of(image))
    assert "X-Accel-Redirect" not in answer
    assert body(answer) == picture(1, (300, 200))


@pytest.mark.parametrize("value", ["files", "/files", "//evil/", "/a/../b/", "/a\r\nb/", "/ü/"])
def test_a_location_that_could_lead_elsewhere_is_refused_at_the_start(monkeypatch, value):
    monkeypatch.setenv("LABELER_ACCEL_REDIRECT", value)
    with pytest.raises(ImproperlyConfigured):
        env.location("LABELER_ACCEL_REDIRECT")
    monkeypatch.setenv("LABELER_SIGNED_URLS", value)
    with pytest.raises(ImproperlyConfigured):
        env.origin("LABELER_SIGNED_URLS")


def test_the_api_sends_parts_too(browser, image):
    path = f"/api/v1/images/{image.pk}/file?size=original"
    answer = browser.get(path, headers={"Range": "bytes=0-3"})
    assert (answer.status_code, body(answer)) == (206, picture(1, (300, 200))[:4])
    assert reverse("api:get_file", args=[image.pk])
