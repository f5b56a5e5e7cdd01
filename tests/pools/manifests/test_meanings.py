"""What names in a manifest become: labels that are there, new ones, others, or nothing."""

import pytest

from labeler.labeling.models import Annotation
from labeler.pools import imports
from labeler.pools.models import Image, Truth
from labeler.projects.models import Label, LabelEvent
from tests.conftest import picture
from tests.pools.conftest import bring, notes, pictures, refusals, work
from tests.pools.manifests.conftest import adds_up, let_go, look, told_of
from tests.pools.manifests.deliveries import text


def csv(*labels: str) -> tuple[str, bytes]:
    """A manifest that gives 0.png, 1.png, … these labels."""
    return "l.csv", text("file,label", *(f"{n}.png,{name}" for n, name in enumerate(labels)))


def given(project) -> list[str | None]:
    """The label of each image, in the order they came."""
    told = told_of(project)
    names = Image.objects.filter(project=project).order_by("row").values_list("name", flat=True)
    return [" ".join(told[name][0]) if told[name][0] is not None else None for name in names]


def how(imp) -> dict[str, str]:
    return {each["name"]: each["how"] for each in imp.plan["labels"]}


def test_unknown_names_are_listed_and_added(project, admin):
    files = [csv("rust", "Blight", "blight", " RUST"), *pictures(4)]
    imp = look(project, admin, files)
    assert how(imp) == {"Blight": "new", "RUST": "known", "blight": "new", "rust": "known"}
    let_go(imp)
    assert given(project) == ["rust", "Blight", "Blight", "rust"]
    new = project.labels.get(name="Blight")
    assert (new.place, project.labels.count()) == (3, 4)
    event = LabelEvent.objects.get(label=new)
    assert (event.kind, event.user) == ("added", admin)


def test_names_are_mapped_added_or_left(project, admin):
    rust = project.labels.get(name="rust")
    imp = look(project, admin, [csv("rusty", "blight", "junk", "rust"), *pictures(4)])
    imports.decide(imp, {"labels": {"rusty": rust.pk, "blight": "add"}, "unknown": "leave"})
    work(imp)
    assert how(imp) == {"rusty": "mapped", "blight": "new", "junk": "left", "rust": "known"}
    assert imp.plan["labels"][-1]["id"] == rust.pk
    assert imp.plan["answers"] == 3
    let_go(imp)
    assert given(project) == ["rust", "blight", None, "rust"]
    assert project.labels.count() == 4


def test_names_of_one_thing_become_one_new_label(project, admin):
    imp = look(project, admin, [csv("moss", "Mosses", "mosss", "liverwort"), *pictures(4)])
    options = {"labels": {"Mosses": "add:moss", "mosss": "add: Moss ", "liverwort": "add:RUST"}}
    imports.decide(imp, options)
    work(imp)
    assert how(imp) == {"moss": "new", "Mosses": "new", "mosss": "new", "liverwort": "mapped"}
    assert (imp.plan["answers"], imp.plan["contradictions"]) == (4, 0)
    let_go(imp)
    assert given(project) == ["moss", "moss", "moss", "rust"]
    assert project.labels.count() == 4


def test_a_retired_label_comes_back_and_a_merged_one_means_its_target(project, admin):
    rust, mildew = project.labels.get(name="rust"), project.labels.get(name="mildew")
    Label.objects.filter(pk=rust.pk).update(retired=True, key="")
    Label.objects.filter(pk=mildew.pk).update(
        retired=True, key="", merged_into=project.labels.get(name="healthy")
    )
    bring(project, admin, [csv("rust", "mildew"), *pictures(2)])
    assert given(project) == ["rust", "healthy"]
    assert not project.labels.get(name="rust").retired
    assert project.labels.get(name="mildew").retired


@pytest.mark.parametrize(
    ("name", "why"),
    [("x" * 41, "41 characters"), ("a\u200bb", "cannot be shown"), ("a\0b", None)],
)
def test_a_name_that_cannot_be_a_label_leaves_its_picture_without(project, admin, name, why):
    imp = bring(project, admin, [csv("rust", name), *pictures(2)])
    assert given(project) == ["rust", None]
    assert imp.added == 2
    if why:
        note = imp.refusals.get(code="label_unfit")
        assert why in note.reason
        assert "l.csv, line 3" in note.reason
        assert how(imp)[name] == "unfit"
    assert project.labels.count() == 3
    assert adds_up(imp)


def test_a_label_of_100_000_characters_is_a_row_that_cannot_be_read(project, admin):
    imp = bring(project, admin, [csv("rust", "x" * 100_000), *pictures(2)])
    assert refusals(imp) == {"l.csv, line 3": "bad_row"}
    assert (imp.added, imp.plan["bad_rows"]) == (2, 1)
    assert adds_up(imp)


def test_a_yes_or_no_project_gets_no_third_label(project, admin):
    project.labels.filter(name="mildew").delete()
    project.kind = "yesno"
    project.save()
    imp = bring(project, admin, [csv("rust", "maybe"), *pictures(2)])
    assert given(project) == ["rust", None]
    assert "healthy, rust" in imp.plan["labels"][0]["why"]
    assert notes(imp) == {"1.png": "label_unfit"}


def test_so_many_new_labels_are_only_added_on_somebodys_word(project, admin):
    files = [csv(*(f"c{n}" for n in range(501)))]
    imp = bring(project, admin, files)
    assert imp.state == "failed"
    assert "501 labels" in imp.error
    asked = look(project, admin, files)
    assert "500" in asked.plan["problems"][0]["reason"]
    assert project.labels.count() == 3
    said = bring(project, admin, [*files, *pictures(1)], options={"unknown": "add"})
    assert (said.state, given(project)) == ("done", ["c0"])


def test_5_001_names_are_no_label_column(project, admin):
    imp = look(project, admin, [csv(*(f"c{n}" for n in range(5001)))])
    assert "5,000" in imp.plan["error"]


# ---- Several labels, none, and rows that disagree ---------------------------------------------


def table(*rows: str) -> tuple[str, bytes]:
    return "l.csv", text("file,labels", *rows)


def test_a_project_of_several_labels_takes_all_and_none(multi, admin):
    manifest = text(
        '{"file_name": "0.png", "label": ["rust", "mildew"]}',
        '{"file_name": "1.png", "label": []}',
        '{"file_name": "2.png"}',
        '{"file_name": "3.png", "label": ["rust"]}',
        '{"file_name": "3.png", "label": ["healthy"]}',
    )
    imp = bring(multi, admin, [("metadata.jsonl", manifest), *pictures(4)])
    assert given(multi) == ["mildew rust", "", None, "healthy rust"]
    assert (imp.labels_added, imp.plan["none"], imp.plan["several"]) == (4, 1, 0)
    nothing = Annotation.objects.get(image__name="1.png")
    assert nothing.body == {"label_ids": [], "labels": []}
    assert nothing.image.state == "labeled"
    assert adds_up(imp)


def test_several_labels_in_a_project_of_one_are_told_and_left(project, admin):
    imp = bring(project, admin, [table("0.png,rust|mildew", "1.png,rust"), *pictures(2)])
    assert given(project) == [None, "rust"]
    assert notes(imp) == {"0.png": "several_labels"}
    assert (imp.added, imp.refused, imp.plan["several"]) == (2, 0, 1)
    assert adds_up(imp)


def test_none_of_them_is_told_where_it_cannot_be_answered(project, admin):
    manifest = text("TRAIN,0.png,None_of_the_above", "TRAIN,1.png,rust")
    imp = bring(project, admin, [("l.csv", manifest), *pictures(2)])
    assert given(project) == [None, "rust"]
    assert notes(imp) == {"0.png": "none_of_them"}


def test_rows_that_disagree_leave_their_picture_without_a_label(project, admin):
    rows = ("0.png,rust", "1.png,rust", "0.png,mildew", "1.png,Rust", "1.png,rust")
    imp = bring(project, admin, [table(*rows), *pictures(2)])
    assert given(project) == [None, "rust"]
    assert notes(imp) == {"0.png": "rows_disagree"}
    note = imp.refusals.get()
    assert "rust / mildew" in note.reason
    assert (imp.plan["contradictions"], imp.refused) == (1, 0)
    assert adds_up(imp)


def test_rows_agree_once_their_names_mean_one_label(project, admin):
    rust = project.labels.get(name="rust").pk
    files = [table("0.png,rust", "0.png,rusty"), *pictures(1)]
    imp = bring(project, admin, files, options={"labels": {"rusty": rust}})
    assert given(project) == ["rust"]
    assert imp.plan["contradictions"] == 0


@pytest.mark.parametrize("at_once", [256, 1])
def test_the_same_picture_under_two_names_keeps_its_first_label(
    project, admin, monkeypatch, at_once
):
    from labeler.pools import importing

    monkeypatch.setattr(importing, "CHUNK_FILES", at_once)
    data = picture(1)
    files = [table("0.png,rust", "1.png,mildew"), ("0.png", data), ("1.png", data)]
    imp = bring(project, admin, files)
    assert given(project) == ["rust"]
    assert set(notes(imp)) == {"1.png"}
    assert (imp.added, imp.duplicates) == (1, 1)


def test_an_answer_that_is_there_stays_and_that_is_told(project, admin):
    bring(project, admin, [csv("rust", "rust"), *pictures(2)])
    imp = bring(project, admin, [csv("mildew", "rust"), *pictures(2)])
    assert given(project) == ["rust", "rust"]
    assert notes(imp) == {"0.png": "answer_kept"}
    assert (imp.duplicates, imp.labels_added) == (2, 0)


def test_labels_may_stay_hidden_truth(project, admin):
    bring(project, admin, [csv("rust", "Blight"), *pictures(2)], folders="truth")
    assert not Annotation.objects.exists()
    assert set(Truth.objects.values_list("label__name", flat=True)) == {"rust", "Blight"}


def test_an_audit_image_keeps_its_label_and_is_still_asked_blind(project, admin):
    project.audit_target = 400
    project.save()
    bring(project, admin, [csv(*["rust"] * 40), *pictures(40)])
    audit = Image.objects.filter(project=project, audit=True)
    assert audit.exists()
    assert set(audit.values_list("state", flat=True)) == {"open"}
    assert Annotation.objects.filter(current=True).count() == 40
