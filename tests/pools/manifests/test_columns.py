"""How a table is cut into cells, what its columns could be, and which files are no pictures."""

import pytest
from django.urls import reverse

from labeler.pools import plan_words
from tests.pools.conftest import pictures, work
from tests.pools.manifests.conftest import adds_up, let_go, look, told_of
from tests.pools.manifests.deliveries import text


@pytest.fixture
def desk(client, admin):
    """A function that sends the form of an import's look, and lets the worker work."""
    client.force_login(admin)

    def send(imp, do="look", **fields):
        where = reverse("import_decide", args=[imp.project_id, imp.number])
        assert client.post(where, fields | {"do": do}).status_code == 302
        imp.refresh_from_db()
        return work(imp) if imp.state == "due" else imp

    return send


def review(client, imp):
    where = reverse("import_review", args=[imp.project_id, imp.number])
    return client.get(where).content.decode()


# ---- Which column is the label ----------------------------------------------------------------

GARMENTS = text(
    "photo,Garment,shot by,width",
    *(f"{n}.png,{('shirt', 'hat')[n % 2]},{n} Lane,{640}" for n in range(6)),
)


def test_a_column_of_few_values_is_named_as_what_could_be_the_label(client, project, admin, desk):
    imp = look(project, admin, [("l.csv", GARMENTS), *pictures(6)])
    assert (imp.plan["columns"]["labels"], imp.plan["preview"]["hint"]) == ([], "Garment")
    client.force_login(admin)
    assert "“<bdi>Garment</bdi>” could be it" in review(client, imp)
    desk(imp, **{"column:0": "path", "column:1": "label"})
    assert imp.plan["answers"] == 6
    assert "could be it" not in review(client, imp)
    let_go(imp)
    assert told_of(project)["1.png"] == (("hat",), "")


@pytest.mark.parametrize(
    "rows",
    [
        ("a,b", "0.png,one", "1.png,two", "2.png,three"),  # all differ
        ("a,b", "0.png,same", "1.png,same", "2.png,same"),  # none differs
        ("a,b", "0.png,", "1.png,", "2.png,"),
        ("a,label", "0.png,rust", "1.png,rust", "2.png,hat"),  # one is the label already
        ("a,split", "0.png,train", "1.png,train", "2.png,test"),
    ],
)
def test_no_column_is_named_where_none_is_likely(project, admin, rows):
    imp = look(project, admin, [("l.csv", text(*rows)), *pictures(3)])
    assert imp.plan["preview"]["hint"] == ""


def test_words_are_likelier_than_numbers(project, admin):
    rows = [f"{n}.png,{n % 2},{('a', 'b', 'c')[n % 3]}" for n in range(6)]
    imp = look(project, admin, [("l.csv", text("photo,fold,kind of", *rows)), *pictures(6)])
    assert imp.plan["preview"]["hint"] == "kind of"


# ---- How the text is cut ----------------------------------------------------------------------


def test_the_delimiter_can_be_said_and_the_columns_are_guessed_anew(client, project, admin, desk):
    rows = text("file;label,note", "0.png;rust,x", "1.png;mildew,y")
    imp = look(project, admin, [("l.csv", rows), *pictures(2)])
    cut_at = imp.plan["preview"]["delimiter"]
    other = ";" if cut_at == "," else ","
    desk(imp, delimiter=other, **{"column:0": "path"})
    assert imp.plan["preview"]["delimiter"] == other
    assert len(imp.plan["preview"]["columns"]) == 2
    desk(imp, delimiter=";", **{"shown:header": "1", "header": "1"})
    assert imp.plan["preview"]["columns"] == ["file", "label,note"]
    client.force_login(admin)
    assert '<option value=";" selected>' in review(client, imp)
    desk(imp, "go", delimiter=";", **{"column:0": "path", "shown:header": "1", "header": "1"})
    assert (imp.state, imp.added) == ("done", 2)


def test_a_first_row_that_looks_like_names_can_be_a_picture_and_the_other_way(project, admin, desk):
    rows = text("file,rust", "1.png,rust", "2.png,mildew")
    imp = look(project, admin, [("l.csv", rows), ("file", pictures(1)[0][1]), *pictures(3)])
    assert imp.plan["preview"]["header"] is True
    desk(imp, **{"shown:header": "1", "column:0": "path"})
    assert (imp.plan["preview"]["header"], imp.plan["rows"]) == (False, 3)
    assert imp.plan["preview"]["columns"] == ["1", "2"]
    assert (imp.plan["columns"]["path"], imp.plan["columns"]["labels"]) == ("1", ["2"])
    desk(imp, **{"shown:header": "1", "column:0": "path", "column:1": "label"})
    assert (imp.plan["preview"]["header"], imp.plan["answers"]) == (False, 3)
    desk(imp, **{"shown:header": "1", "header": "1", "column:0": "path"})
    assert (imp.plan["preview"]["header"], imp.plan["rows"]) == (True, 2)


def test_another_way_to_cut_is_looked_at_before_it_is_imported(project, admin, desk):
    imp = look(project, admin, [("l.csv", text("file,label", "0.png,rust")), *pictures(1)])
    desk(imp, "go", delimiter="|", **{"column:0": "path", "column:1": "label"})
    assert (imp.state, project.images.count()) == ("waiting", 0)
    assert imp.plan["error"]
    desk(imp, delimiter=",")
    assert imp.plan["answers"] == 1
    desk(imp, "go", delimiter=",", **{"column:0": "path", "column:1": "label"})
    assert (imp.state, imp.added, imp.labels_added) == ("done", 1, 1)


# ---- What is no picture -----------------------------------------------------------------------


def test_files_that_are_no_pictures_by_name_are_told_apart(client, project, admin):
    manifest = text("file,label", "0.png,rust", "1.png,rust", "leaf.dat,rust")
    strange = [("notes.pdf", b"%PDF-1.4"), ("film.mp4", b"x"), ("hidden.dat", pictures(9, 8)[0][1])]
    files = [("l.csv", manifest), ("leaf.dat", pictures(1, 7)[0][1]), *strange, *pictures(3)]
    imp = look(project, admin, files)
    assert (imp.plan["files"], imp.plan["strange"], imp.plan["unlisted"]) == (7, 3, 1)
    assert plan_words.outlook(imp.plan) == "4 images come in, 3 with a label."
    client.force_login(admin)
    assert tally_of(review(client, imp)) == ["4", "3", "3", "0", "1"]
    let_go(imp)
    assert (imp.added, imp.refused) == (5, 2), "what is a picture by its bytes comes in"
    assert adds_up(imp)


def tally_of(html):
    """The figures of the tally, in their order."""
    part = html.partition('class="tally num"')[2].partition("</div>\n  <form")[0]
    return [each.partition(">")[2].partition("<")[0] for each in part.split("<b")[1:]]


def test_a_tree_of_folders_counts_pictures_only(project, admin):
    files = [(f"train/rust/{name}", data) for name, data in pictures(2)]
    imp = look(project, admin, [*files, ("train/rust/x.pdf", b"%PDF"), ("README.md", b"# hi")])
    assert (imp.plan["format"], imp.plan["files"], imp.plan["strange"]) == ("tree", 4, 2)
    assert plan_words.outlook(imp.plan) == "2 images come in, 2 with a label."
    assert imp.plan["unlisted"] == 0
