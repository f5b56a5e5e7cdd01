"""The report of an import: every file that is no new image, and why; as page, CSV and JSON."""

import csv
import io
import json

import pytest
from django.urls import reverse

from labeler.pools import imports, reports
from labeler.pools.models import Image
from tests.conftest import picture
from tests.pools.conftest import bring, pictures


@pytest.fixture
def person(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def second(project, admin):
    """An import of a new picture, one known by another name, one known by the same, and a text."""
    bring(project, admin, pictures(2))
    files = [
        ("2.png", picture(2)), ("=copy.png", picture(0)), ("1.png", picture(1)), ("a.txt", b"no"),
    ]  # fmt: skip
    return bring(project, admin, files)


def streamed(person, imp, name):
    answer = person.get(reverse(name, args=[imp.project_id, imp.number]))
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content).decode()


def test_duplicates_are_told_with_their_twins(project, second):
    first, same = reports.twins(second)
    zero = Image.objects.get(project=project, name="0.png")
    assert (first.file, first.equals, first.image) == ("=copy.png", "0.png", zero.pk)
    assert (same.file, same.equals) == ("1.png", "1.png")


def test_the_page_links_to_the_twin(person, project, second):
    text = person.get(reverse("import_report", args=[project.pk, 2])).content.decode()
    zero = Image.objects.get(project=project, name="0.png")
    assert f'href="/projects/{project.pk}/images/{zero.pk}"' in text
    assert "under the same name" in text
    assert "a.txt" in text


def test_the_table_is_harmless_and_whole(person, project, second):
    rows = list(csv.reader(io.StringIO(streamed(person, second, "import_report_csv"))))
    assert rows[0] == reports.HEAD
    assert [row[0] for row in rows[1:]] == ["a.txt", "'=copy.png", "1.png"]
    assert rows[2][3:5] == ["duplicate", "0.png"]


def test_the_json_holds_counts_refusals_and_duplicates(person, second):
    told = json.loads(streamed(person, second, "import_report_json"))
    assert (told["total"], told["added"], told["duplicates"], told["refused"]) == (4, 1, 2, 1)
    assert [each["file"] for each in told["refused_files"]] == ["a.txt"]
    assert told["refused_files"][0]["what_to_do"]
    assert [each["equals"] for each in told["duplicate_files"]] == ["0.png", "1.png"]
    assert told["state"] == "done"


def test_a_twin_that_left_the_pool_is_told_without_a_link(person, project, second):
    Image.objects.filter(project=project, name="0.png").delete()
    assert reports.twins(second)[0].image is None
    text = person.get(reverse("import_report", args=[project.pk, 2])).content.decode()
    assert "has left the pool" in text


def test_duplicates_are_no_refusals_in_the_api(person, project, second):
    listed = person.get(f"/api/v1/projects/{project.pk}/imports/2/refusals").json()
    assert [each["name"] for each in listed["items"]] == ["a.txt"]
    whole = person.get(f"/api/v1/projects/{project.pk}/imports/2/report")
    assert json.loads(b"".join(whole.streaming_content))["number"] == 2


def test_more_twins_than_are_listed_are_counted(project, admin, monkeypatch):
    monkeypatch.setattr(reports, "KEPT_TWINS", 3)
    bring(project, admin, pictures(5))
    again = bring(project, admin, pictures(5))
    assert (again.duplicates, len(reports.twins(again))) == (5, 3)


def test_rows_without_a_picture_say_their_line(project, admin):
    rows = b"file,label\n0.png,rust\nnowhere.png,rust\n"
    imp = bring(project, admin, [*pictures(1), ("labels.csv", rows)])
    (line,) = reports.refusals(imp)
    assert "labels.csv" in line.name
    assert "3" in line.name
    assert "nowhere.png" in line.reason


def test_labels_that_an_import_added_are_named(person, project, admin):
    rows = b"file,label\n0.png,soot\n"
    imp = bring(project, admin, [*pictures(1), ("labels.csv", rows)])
    assert reports.new_labels(imp) == ["soot"]
    text = person.get(reverse("import_report", args=[project.pk, 1])).content.decode()
    assert "Labels added" in text


def test_an_import_that_was_taken_back_says_so(person, project, admin):
    from tests.pools.conftest import work

    imp = bring(project, admin, pictures(2))
    text = person.get(reverse("import_report", args=[project.pk, 1])).content.decode()
    assert "Take it back" in text
    imports.cancel(imp, take_back=True)
    work(imp)
    text = person.get(reverse("import_report", args=[project.pk, 1])).content.decode()
    assert "2 images were taken back." in text
    assert not Image.objects.filter(project=project).exists()


def test_many_refusals_of_one_kind_leave_room_for_the_others(project, admin):
    empty = [(f"{n}.png", b"") for n in range(120)]
    imp = bring(project, admin, [*empty, ("last.txt", b"no picture at all")])
    shown = reports.some_refusals(imp, 100)
    assert len(shown) == 51
    assert (shown[0].name, shown[-1].name) == ("0.png", "last.txt")
    assert len(reports.some_refusals(imp, 200)) == 121
