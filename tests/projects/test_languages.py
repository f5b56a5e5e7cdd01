"""English and Japanese: who reads what, and how one changes it."""

import pytest
from django.test import Client

from labeler.projects import languages
from labeler.projects.models import User

pytestmark = pytest.mark.django_db
COOKIE = "labeler_language"


@pytest.fixture
def person():
    return User.objects.create_user("aoi", password="a long password")


def language(response):
    """What the page says it is written in."""
    return response.content.decode().partition('<html lang="')[2][:2]


def test_english_where_nothing_is_known(client):
    response = client.get("/sign-in")
    assert language(response) == response.headers["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("asked", "given"),
    [("ja", "ja"), ("ja-JP,ja;q=0.9,en;q=0.8", "ja"), ("fr,en;q=0.5", "en"), ("fr", "en"),
     ("en-GB,ja;q=0.9", "en"), ("ja" * 50_000, "en"), ("\x00,;;q=ja", "en")],
)  # fmt: skip
def test_the_browsers_wish_is_the_first_guess(client, asked, given):
    response = client.get("/sign-in", headers={"accept-language": asked})
    assert language(response) == given
    assert "Accept-Language" in response.headers["Vary"]


def test_a_choice_is_kept_where_nobody_is_signed_in(client):
    response = client.post("/language", {"language": "ja", "next": "/sign-in?next=/me"})
    assert response.headers["Location"] == "/sign-in?next=/me"
    assert language(client.get("/sign-in")) == "ja"
    client.post("/language", {"language": "en"})
    assert language(client.get("/sign-in", headers={"accept-language": "ja"})) == "en"


def test_a_choice_belongs_to_the_person_and_follows_her(client, person):
    client.force_login(person)
    client.post("/language", {"language": "ja"})
    person.refresh_from_db()
    assert person.settings["language"] == "ja"
    elsewhere = Client()
    elsewhere.force_login(person)
    assert language(elsewhere.get("/me")) == "ja"
    assert elsewhere.cookies[COOKIE].value == "ja"


def test_signing_in_brings_her_language_to_this_browser(client, person):
    person.settings["language"] = "ja"
    person.save()
    client.cookies[COOKIE] = "en"
    client.post("/sign-in", {"username": "aoi", "password": "a long password"})
    assert language(client.get("/me")) == "ja"


def test_a_change_elsewhere_arrives_with_the_next_page_but_one(client, person):
    client.force_login(person)
    client.cookies[COOKIE] = "en"
    person.settings["language"] = "ja"
    person.save()
    client.get("/me")
    assert language(client.get("/me")) == "ja"


@pytest.mark.parametrize("wrong", ["", "fr", "JA", "ja\r\nSet-Cookie: a=b", "../ja", "\x00"])
def test_a_language_that_is_not_there_changes_nothing(client, person, wrong):
    client.force_login(person)
    assert client.post("/language", {"language": wrong}).status_code == 302
    person.refresh_from_db()
    assert "language" not in person.settings
    assert COOKIE not in client.cookies


@pytest.mark.parametrize("odd", ["fr", "", "ja; drop", 7, None, ["ja"]])
def test_an_odd_setting_is_no_setting(client, person, odd):
    person.settings["language"] = odd
    person.save()
    client.force_login(person)
    assert language(client.get("/me")) == "en"


def test_the_way_back_stays_on_this_site(client):
    response = client.post("/language", {"language": "ja", "next": "https://evil.example/"})
    assert response.headers["Location"] == "/"


def test_errors_are_told_in_the_persons_language(client):
    client.cookies[COOKIE] = "ja"
    assert language(client.get("/nowhere")) == "ja"


def test_with_a_cookie_no_language_is_looked_up(client, django_assert_num_queries):
    client.cookies[COOKIE] = "ja"
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


class TestWordsOfScripts:
    def test_japanese_pages_load_them_and_english_ones_need_none(self, client):
        address = f"/words/ja/{languages.words_version('ja')}.js"
        assert address in client.get("/sign-in", headers={"accept-language": "ja"}).content.decode()
        assert "/words/" not in client.get("/sign-in").content.decode()

    def test_they_may_be_kept_for_good_under_their_version(self, client):
        response = client.get(f"/words/ja/{languages.words_version('ja')}.js")
        assert response.headers["Content-Type"].startswith("text/javascript")
        assert "immutable" in response.headers["Cache-Control"]
        assert "ngettext" in response.content.decode()
        assert client.get("/words/ja/old.js").headers["Cache-Control"] == "no-cache"

    def test_another_language_has_none(self, client):
        assert client.get("/words/fr/1.js").status_code == 404
