"""The look, the waiting and the word: what an admin may decide before anything is stored."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone

from labeler.pools import importing, imports
from labeler.pools.manifests import looking
from labeler.pools.models import Image, Import
from labeler.pools.refusing import ImportRefused
from labeler.work import leases
from tests.pools.conftest import (
    bring,
    laid_out,
    notes,
    pictures,
    refusals,
    send,
    tarred,
    work,
    zipped,
)
from tests.pools.manifests.conftest import adds_up, let_go, look, told_of
from tests.pools.manifests.deliveries import text

ODD = ("odd.csv", text("who,class,where", "0.png,rust,x", "1.png,mildew,y"))


def test_only_pictures_wait_for_nobody(project, admin):
    imp = bring(project, admin, pictures(2), asks=True)
    assert (imp.state, imp.added, imp.plan["format"], imp.plan["files"]) == ("done", 2, "", 2)


def test_columns_are_decided_after_a_look_at_the_first_rows(project, admin):
    manifest = text("a,b,c", "x0,rust,0.png", "x1,mildew,1.png")
    imp = look(project, admin, [("odd.csv", manifest), *pictures(2)])
    assert imp.plan["preview"]["columns"] == ["a", "b", "c"]
    assert imp.plan["preview"]["rows"][0] == ["x0", "rust", "0.png"]
    imports.decide(imp, {"columns": {"path": "c", "labels": ["b"]}})
    assert imp.state == "due"
    work(imp)
    assert (imp.state, imp.plan["matched"], imp.plan["answers"]) == ("waiting", 2, 2)
    assert imp.plan["columns"]["labels"] == ["b"]
    let_go(imp)
    assert told_of(project) == {"0.png": (("rust",), ""), "1.png": (("mildew",), "")}


def test_a_column_that_is_not_there_is_named_and_can_be_put_right(project, admin):
    wrong = {"columns": {"path": "file", "labels": ["kind"]}}
    imp = look(project, admin, [ODD, *pictures(2)], options=wrong)
    assert "file" in imp.plan["error"]
    assert "who, class, where" in imp.plan["error"]
    with pytest.raises(ImportRefused) as refused:
        imports.go(imp)
    assert refused.value.code == "bad_manifest"
    imports.decide(imp, {"columns": {"path": "who", "labels": ["class"]}})
    let_go(work(imp))
    assert told_of(project)["1.png"] == (("mildew",), "")


def test_a_table_without_a_column_of_files_asks_which(project, admin):
    imp = look(project, admin, [("n.csv", text("label,height", "a,2", "b,4")), *pictures(1)])
    assert "label, height" in imp.plan["error"]
    assert imp.plan["preview"]["columns"] == ["label", "height"]
    imports.decide(imp, {}, format="pictures")
    work(imp)
    assert (imp.state, imp.added, refusals(imp)) == ("done", 1, {"n.csv": "not_an_image"})


def test_a_manifest_that_cannot_be_read_fails_with_words_and_can_be_decided(project, admin):
    broken = ("labels.json", b'{"classes": ["a"], "labels": {"0": 0')
    imp = bring(project, admin, [broken, *pictures(1)])
    assert imp.state == "failed"
    assert imp.error.startswith("labels.json: ")
    assert not Image.objects.exists()
    imports.decide(imp, {}, format="pictures")
    work(imp)
    assert (imp.state, imp.added) == ("done", 1)


def test_where_several_could_be_meant_nobodys_word_means_none(project, admin):
    files = [("a.csv", text("file,label", "0.png,rust")), ODD, *pictures(2)]
    imp = bring(project, admin, files)
    assert adds_up(imp)
    assert told_of(project) == {"0.png": (None, ""), "1.png": (None, "")}
    assert notes(imp) == {"a.csv": "manifest_not_used", "odd.csv": "manifest_not_used"}
    assert (imp.total, imp.added, imp.refused) == (2, 2, 0)


def test_somebody_is_shown_the_first_and_names_the_other(project, admin):
    files = [("a.csv", text("file,label", "0.png,rust")), ODD, *pictures(2)]
    imp = look(project, admin, files)
    assert (imp.plan["manifest"], imp.plan["others"]) == ("a.csv", ["odd.csv"])
    imports.decide(imp, {}, manifest="odd.csv")
    work(imp)
    assert (imp.plan["manifest"], imp.plan["others"]) == ("odd.csv", ["a.csv"])
    let_go(imp)
    assert told_of(project)["1.png"] == (("mildew",), "")


@pytest.mark.parametrize("name", ["odd.csv", "in.zip › x/odd.csv", "x/odd.csv"])
def test_a_manifest_can_be_named_from_the_start(project, admin, name):
    packed = zipped([("x/a.csv", text("file,label", "0.png,mildew")), ("x/odd.csv", ODD[1])])
    files = [("in.zip", packed), *pictures(1)]
    bring(project, admin, files, manifest=name)
    assert told_of(project)["0.png"] == (("rust",), "")


def test_a_manifest_that_is_not_there_fails_with_words(project, admin):
    imp = bring(project, admin, [ODD, *pictures(1)], manifest="gone.csv")
    assert imp.state == "failed"
    assert "gone.csv" in imp.error


def test_a_format_can_be_forced(project, admin):
    files = [("l.csv", text("0.png,test", "1.png,rust")), *pictures(2)]
    imp = bring(project, admin, files, format="vertex-csv")
    assert imp.format == "vertex-csv"
    assert told_of(project)["1.png"] == (("rust",), "")


def test_the_second_look_reads_nothing_anew_when_only_names_were_decided(
    project, admin, monkeypatch
):
    from labeler.pools.manifests import reading

    imp = look(project, admin, [ODD, *pictures(2)])
    monkeypatch.setattr(reading, "read", None)
    imports.decide(imp, {"labels": {"rust": "leave"}})
    work(imp)
    assert (imp.state, imp.plan["answers"]) == ("waiting", 1)


def test_nobody_works_on_what_waits(project, admin):
    imp = look(project, admin, [ODD, *pictures(2)])
    assert leases.claim(Import, imp.pk) is None
    with pytest.raises(ImportRefused):
        imports.pause(imp)
    let_go(imp)
    for late in (lambda: imports.go(imp), lambda: imports.decide(imp, {})):
        with pytest.raises(ImportRefused) as refused:
            late()
        assert refused.value.code == "not_waiting"


@pytest.mark.parametrize(
    "options",
    [
        [], "x", {"colums": {}}, {"unknown": "maybe"}, {"splits": 1}, {"labels": {"a": 10**9}},
        {"labels": {"a": True}}, {"labels": {"a": "new"}}, {"labels": []}, {"columns": []},
        {"columns": {"labels": ["x"]}}, {"columns": {"path": 3}},
        {"columns": {"path": "a", "labels": "b"}}, {"columns": {"path": "a", "header": "no"}},
        {"columns": {"path": "x" * 201}}, {"columns": {"path": "a", "sheet": 2}},
    ],
)  # fmt: skip
def test_options_that_are_none_are_refused_with_words(project, admin, options):
    with pytest.raises(ImportRefused) as refused:
        imports.start(project=project, user=admin, source="upload", options=options)
    assert refused.value.code in ("bad_options", "bad_label")
    assert refused.value.message
    imp = look(project, admin, [ODD, *pictures(2)])
    with pytest.raises(ImportRefused):
        imports.decide(imp, options)
    imp.refresh_from_db()
    assert imp.state == "waiting"


def test_a_label_of_another_project_is_none(project, admin, outsider):
    from labeler.projects.models import Label, Project

    other = Label.objects.create(project=Project.objects.get(name="Elsewhere"), name="x", place=0)
    with pytest.raises(ImportRefused):
        imports.start(
            project=project, user=admin, source="upload", options={"labels": {"a": other.pk}}
        )


def test_a_format_that_is_none_is_refused(project, admin):
    with pytest.raises(ImportRefused):
        imports.start(project=project, user=admin, source="upload", format="word")
    assert not Import.objects.exists()


def test_a_tree_stays_one_when_names_are_decided_on_the_way(project, admin):
    names = ["set/train/rusty/0.png", "set/test/mildew/1.png"]
    files = [(name, data) for name, (_, data) in zip(names, pictures(2), strict=True)]
    imp = look(project, admin, [*files, ("set/data.yaml", b"nc: 2")])
    assert [each["name"] for each in imp.plan["labels"]] == ["mildew", "rusty"]  # no “set”
    imports.go(imp, {"labels": {"rusty": "leave"}})
    work(imp)
    assert (imp.state, imp.plan["format"], imp.labels_added) == ("done", "tree", 1)
    assert told_of(project) == {names[0]: (None, "train"), names[1]: (("mildew",), "test")}


def test_a_manifest_stays_the_same_when_names_are_decided_on_the_way(project, admin):
    others = [("a.csv", text("file,label", "0.png,rust")), ("b.json", b'{"nothing": [1]}')]
    imp = look(project, admin, [*others, *pictures(2)])
    before = imp.plan["format"], imp.plan["manifest"], imp.plan["others"]
    imports.go(imp, {"unknown": "leave"})
    work(imp)
    assert (imp.plan["format"], imp.plan["manifest"], imp.plan["others"]) == before
    assert imp.state == "done"


def test_the_tree_is_taken_when_somebody_says_so(project, admin):
    names = ["set/train/rust/0.png", "set/test/mildew/1.png"]
    files = [(name, data) for name, (_, data) in zip(names, pictures(2), strict=True)]
    imp = look(project, admin, files)
    assert (imp.plan["format"], imp.plan["title"]) == ("tree", "Folders")
    imports.decide(imp, {}, format="pictures")
    work(imp)
    assert imp.state == "done"
    assert told_of(project) == dict.fromkeys(names, (None, ""))


def test_a_crash_between_the_look_and_its_plan_changes_nothing(project, admin, monkeypatch):
    imp = send(project, admin, [ODD, *pictures(2)])
    looked = looking.look

    def then_dies(*args):
        looked(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(looking, "look", then_dies)
    with pytest.raises(KeyboardInterrupt):
        importing.run(leases.claim(Import, imp.pk))
    monkeypatch.setattr(looking, "look", looked)
    Import.objects.filter(pk=imp.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    work(imp)
    assert adds_up(imp)
    assert (imp.total, imp.added, imp.labels_added) == (2, 2, 2)


def test_trying_again_reads_a_manifest_that_was_mended(project, admin, settings, tmp_path):
    settings.IMPORT_FOLDERS = [tmp_path / "in"]
    folder = laid_out(tmp_path / "in", [("labels.json", b'{"classes": ['), *pictures(1)])
    imp = imports.start(project=project, user=admin, source="folder", path=str(folder))
    work(imp)
    assert imp.state == "failed"
    (folder / "labels.json").write_bytes(b'{"classes": ["rust"], "labels": {"0": 0}}')
    imports.again(imp)
    work(imp)
    assert (imp.state, imp.labels_added) == ("done", 1)


def test_the_columns_of_a_parquet_file_can_be_said(project, admin):
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({"kind": ["rust"], "other": ["mildew"], "where": ["0.png"]}), out)
    columns = {"path": "where", "labels": ["other"]}
    files = [("t.parquet", out.getvalue()), *pictures(1)]
    imp = bring(project, admin, files, options={"columns": columns})
    assert told_of(project) == {"0.png": (("mildew",), "")}, imp.plan


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_manifest_in_an_archive_may_be_larger_than_a_picture(project, admin, settings, pack):
    settings.MAX_IMAGE_BYTES = 20_000
    rows = [f"{n}.png,rust,{'x' * 40}" for n in range(1000)]
    packed = pack([("l.csv", text("file,label,note", *rows)), *pictures(2)])
    notes_too = pack([("l.md", b"x" * 20_001)])
    imp = bring(project, admin, [("a.zip", packed), ("b.zip", notes_too)])
    assert (imp.plan["rows"], imp.added, imp.labels_added) == (1000, 2, 2), imp.plan
    assert "too_many_bytes" in refusals(imp).values()
