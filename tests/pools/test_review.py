"""The page of an import that waits for a word: what it shows, what it sends, what comes of it."""

import re

import pytest
from django.urls import reverse

from labeler.pools import decisions, imports, plan_words
from labeler.pools.manifests import looking
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.projects.models import Label
from tests.pools.conftest import pictures, send

PLAN = {
    "format": "table", "title": "Table", "manifest": "labels.csv", "others": ["old.csv"],
    "files": 2000, "rows": 1999, "bad_rows": 3, "matched": 1990, "missing": 9, "unlisted": 10,
    "answers": 1980, "none": 3, "several": 4, "contradictions": 2, "guesses": 5,
    "labels": [
        {"name": "rust", "rows": 1500, "id": 2, "how": "known", "why": ""},
        {"name": "rusty", "rows": 38, "id": None, "how": "new", "why": ""},
        {"name": "x" * 50, "rows": 2, "id": None, "how": "unfit", "why": "Too long."},
    ],
    "splits": {"train": 1700, "validation": 0, "test": 290},
    "preview": {
        "columns": ["file", "label", "who"],
        "rows": [["1.jpg", "rust", "Ann"], ["<b>2</b>.jpg", "rusty", ""]],
    },
    "columns": {
        "path": "file", "labels": ["label"], "split": "", "confidence": "", "separator": "|",
        "delimiter": ",", "header": True,
    },
    "problems": [{"line": 4, "reason": "The row has no file.", "remedy": "Name it."}],
    "error": "", "remedy": "",
}  # fmt: skip


@pytest.fixture
def person(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def waiting(project, admin):
    """An import that was looked at and waits."""
    imp = send(project, admin, [*pictures(2), ("labels.csv", b"file,label\n")], asks=True)
    Import.objects.filter(pk=imp.pk).update(state="waiting", plan=PLAN, options={})
    imp.refresh_from_db()
    return imp


def address(imp, name="import_decide"):
    return reverse(name, args=[imp.project_id, imp.number])


def page(person, project):
    return person.get(reverse("import", args=[project.pk])).content.decode()


# ---- In words ---------------------------------------------------------------------------------


def test_what_will_happen_is_said_plainly():
    assert plan_words.outlook(PLAN) == (
        "2,000 images come in, 1,980 with a label. 9 rows have no picture."
    )
    told = " ".join(plan_words.details(PLAN))
    for words in (
        "3 rows say that no label fits.",
        "5 predictions of another model come along.",
        "3 rows cannot be read and are passed over.",
        "A label is added: “rusty”.",
        "1,700 for training, 0 for validation, 290 held out for testing",
        "10 pictures are in no row",
        "4 rows have several labels, but this project takes one",
        "The rows of 2 images disagree",
        "not used: “old.csv”",
    ):
        assert words in told


def test_one_of_each_is_said_in_the_singular():
    told = plan_words.outlook({"files": 1, "answers": 0, "missing": 1})
    assert told == "1 image comes in, without a label. 1 row has no picture."
    assert "cannot be read" in plan_words.outlook({"error": "Broken."})
    assert plan_words.details({}) == []


def test_many_names_are_summed_up():
    assert plan_words.listed([str(n) for n in range(15)]).endswith("“11” and 3 more")


def test_what_has_no_pictures_name_is_told_apart():
    plan = {"files": 44, "strange": 3, "rows": 40, "answers": 40}
    assert plan_words.outlook(plan) == "41 images come in, 40 with a label."
    (told,) = plan_words.details(plan)
    assert told.startswith("3 more files have no picture’s name")
    assert plan_words.outlook({"files": 1, "strange": 1}).startswith("0 images come in")


# ---- The page ---------------------------------------------------------------------------------


def test_the_page_asks_before_anything_is_stored(person, project, waiting):
    text = page(person, project)
    assert "2,000 images come in, 1,980 with a label." in text
    assert "“<bdi>rusty</bdi>” means" in text
    assert "&lt;b&gt;2&lt;/b&gt;.jpg" in text
    assert "1 name fits a label" in text
    assert "The row has no file." in text
    assert re.search(r'data-waiting="1:[0-9a-f]{8} "', text)
    assert text.count('id="review-1"') == 1
    assert project.images.count() == 0


def test_the_part_comes_alone_while_it_waits_and_not_afterwards(person, project, waiting):
    part = person.get(address(waiting, "import_review")).content.decode()
    assert part.lstrip().startswith("<section")
    imports.go(waiting)
    assert person.get(address(waiting, "import_review")).status_code == 204


def test_a_name_that_cannot_be_a_label_is_not_offered_as_one(person, project, waiting):
    long = page(person, project).split("x" * 50 + "</bdi>")[1].split("</select>")[0]
    assert 'value="add"' not in long
    assert 'value="leave"' in long
    assert "Too long." in page(person, project)


def test_five_hundred_names_in_a_large_project_are_typed(person, project, waiting):
    Label.objects.bulk_create(
        Label(project=project, name=f"label {n}", place=n) for n in range(3, 103)
    )
    many = [{"name": f"n{n}", "rows": 1, "id": None, "how": "new", "why": ""} for n in range(500)]
    Import.objects.filter(pk=waiting.pk).update(plan=PLAN | {"labels": many})
    text = page(person, project)
    assert text.count("<datalist") == 1
    assert text.count('list="labels-1"') == 500
    assert "data-find" in text
    assert len(text) < 600_000


def test_of_a_wide_table_what_is_in_use_is_shown(person, project, waiting):
    wide = [f"c{n}" for n in range(900)]
    columns = PLAN["columns"] | {"path": "c899", "labels": ["c3"]}
    plan = PLAN | {"preview": {"columns": wide, "rows": [[*wide], ["short"]]}, "columns": columns}
    Import.objects.filter(pk=waiting.pk).update(plan=plan)
    text = person.get(address(waiting, "import_review")).content.decode()
    assert text.count('name="column:') == decisions.MOST_COLUMNS + 1
    assert 'name="column:899"' in text
    assert "<bdi>c899</bdi></td>" in text
    sent = {"do": "go", "column:899": "path", "column:3": "label"} | dict.fromkeys(
        (f"column:{n}" for n in range(4, 60)), ""
    )
    person.post(address(waiting), sent)
    waiting.refresh_from_db()
    assert waiting.cursor.get("go"), "nothing was changed"


def test_a_manifest_that_cannot_be_read_is_not_imported_but_read_otherwise(
    person, project, waiting
):
    broken = PLAN | {"error": "labels.csv breaks off.", "remedy": "Save it again.", "columns": {}}
    Import.objects.filter(pk=waiting.pk).update(plan=broken | {"preview": {}})
    part = person.get(address(waiting, "import_review")).content.decode()
    assert "labels.csv breaks off.</b> Save it again." in part
    assert 'value="go"' not in part
    assert 'value="pictures"' in part
    answer = person.post(address(waiting), {"do": "go"}, follow=True)
    assert "labels.csv breaks off" in answer.content.decode()
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


# ---- The decision -----------------------------------------------------------------------------


def chosen(imp):
    imp.refresh_from_db()
    return imp.options.get("labels")


def test_import_without_changes_goes(person, waiting):
    person.post(address(waiting), {"do": "go", "means:rusty": "", "unknown": "add"})
    waiting.refresh_from_db()
    assert waiting.state == "due"
    assert waiting.cursor["go"]


def test_a_box_that_is_not_shown_is_not_unticked(person, waiting):
    person.post(address(waiting), {"do": "go", "shown:splits": "1", "splits": "1"})
    waiting.refresh_from_db()
    assert waiting.options == {}  # so that nobody has to look once more


def test_a_mapped_name_goes_without_asking_again(person, project, waiting):
    rust = project.labels.get(name="rust")
    person.post(address(waiting), {"do": "go", "means:rusty": str(rust.pk), "unknown": "leave"})
    assert chosen(waiting) == {"rusty": rust.pk}
    assert (waiting.state, waiting.cursor["go"]) == ("due", True)
    assert waiting.options["unknown"] == "leave"


def test_looking_again_asks_again(person, waiting):
    form = {"do": "look", "means:rusty": "leave", "splits": "1"}
    form |= {"shown:splits": "1", "shown:guesses": "1"}
    person.post(address(waiting), form)
    assert chosen(waiting) == {"rusty": "leave"}
    assert (waiting.state, waiting.asks) == ("due", True)
    assert waiting.options["guesses"] is False
    assert waiting.options.get("splits", True) is True


def test_other_columns_are_looked_at_before_they_are_stored(person, waiting):
    form = {"do": "go", "column:0": "path", "column:1": "", "column:2": "label", "separator": ";"}
    answer = person.post(address(waiting), form, follow=True)
    assert "Look at what comes of it" in answer.content.decode()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.asks) == ("due", True)
    assert waiting.options["columns"]["labels"] == ["who"]
    assert waiting.options["columns"]["separator"] == ";"


def test_another_format_starts_without_the_columns(person, waiting):
    Import.objects.filter(pk=waiting.pk).update(options={"columns": PLAN["columns"]})
    person.post(address(waiting), {"do": "go", "format": "automl", "column:0": "path"})
    waiting.refresh_from_db()
    assert (waiting.state, waiting.asks) == ("due", True)
    assert looking.asked_of(waiting)["format"] == "automl"
    assert "columns" not in waiting.options


def test_not_now_stores_nothing(person, project, waiting):
    person.post(address(waiting), {"do": "cancel"})
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    assert project.images.count() == 0


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"means:rusty": "99999"}, "no label of this project"),
        ({"means:rusty": "=1"}, "no label of this project"),
        ({"called:rusty": "roost"}, "no label of this project"),
        ({"column:0": "", "column:1": "label"}, "Say which column"),
        ({"column:0": "path", "column:1": "path"}, "Only one column"),
        ({"format": "exe"}, "is no format"),
    ],
)
def test_a_choice_that_is_none_changes_nothing(person, waiting, form, words):
    answer = person.post(address(waiting), {"do": "look"} | form, follow=True)
    assert words in answer.content.decode()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.options) == ("waiting", {})


def test_a_typed_name_is_a_label_a_new_one_or_none(project, waiting):
    def typed(text):
        return decisions.options_of(waiting, {"called:rusty": text})["labels"]["rusty"]

    assert typed(" RUST ") == project.labels.get(name="rust").pk
    assert typed("Rusty") == "add"
    assert typed("") == "leave"
    with pytest.raises(ImportRefused):
        typed("moss")


def test_a_name_may_mean_the_same_as_another_new_one(person, project, waiting):
    labels = [*PLAN["labels"], {"name": "Moss", "rows": 3, "id": None, "how": "new", "why": ""}]
    Import.objects.filter(pk=waiting.pk).update(plan=PLAN | {"labels": labels})
    assert page(person, project).count('<option value="add:Moss">') == 1  # under “rusty”
    waiting.refresh_from_db()
    options = decisions.options_of(waiting, {"means:rusty": "add:Moss"})
    assert options["labels"] == {"rusty": "add:Moss"}
    assert decisions.options_of(waiting, {"called:rusty": " moss "}) == options
    assert decisions.options_of(waiting, {"called:Moss": "moss"})["labels"] == {"Moss": "add"}
    assert decisions.called(project, "rusty", "add:Moss") == "add:Moss"


def test_another_of_the_files_can_be_read(person, project, waiting):
    Import.objects.filter(pk=waiting.pk).update(plan=PLAN, format="table")
    assert "<option>old.csv</option>" in page(person, project)
    form = {"do": "go", "manifest": "old.csv", "format": "table", "column:0": "path"}
    person.post(address(waiting), form)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.cursor.get("go")) == ("due", None)  # it is looked at first
    assert waiting.cursor["asked"] == {"manifest": "old.csv", "format": ""}
    assert "columns" not in waiting.options


def test_a_file_that_is_none_of_them_is_not_asked_for(person, waiting):
    Import.objects.filter(pk=waiting.pk).update(plan=PLAN, format="table")
    person.post(address(waiting), {"do": "look", "manifest": "/etc/passwd", "format": "table"})
    waiting.refresh_from_db()
    assert waiting.cursor["asked"]["manifest"] == ""


def test_files_outside_of_the_tree_and_addresses_are_told():
    words = plan_words.details({"format": "tree", "rows": 4, "unlisted": 1, "addresses": 2})
    assert words == [
        "2 pictures were not sent: they are fetched from the addresses in their rows.",
        "1 picture lies in no label’s folder: it comes in without.",
    ]


def test_rows_about_one_picture_count_once():
    plan = {"files": 5, "rows": 4, "unlisted": 3, "answers": 4}
    assert plan_words.outlook(plan) == "5 images come in, 2 with a label."


def test_a_format_is_offered_once():
    titles = [title for _, title in decisions.formats()]
    assert sorted(set(titles)) == sorted(titles)


def test_a_decision_comes_too_late_after_another(person, waiting):
    imports.cancel(waiting)
    answer = person.post(address(waiting), {"do": "go"}, follow=True)
    assert "does not wait" in answer.content.decode()
