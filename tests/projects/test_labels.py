"""The label set: what is a name, a key, a colour."""

import pytest

from labeler.projects.labels import FREE_KEYS, TAKEN_KEYS, LabelsRefused, Wish, checked, store
from labeler.projects.models import Label

pytestmark = pytest.mark.django_db


def names(project):
    return [label.name for label in project.labels.filter(retired=False)]


def test_a_name_is_kept_in_one_form():
    (wish,) = checked([Wish("  black \t spot ")])
    assert wish.name == "black spot"


@pytest.mark.parametrize(
    "pair",
    [("rust", "Rust"), ("rust", " rust "), ("é", "e\u0301"), ("straße", "STRASSE")],
    ids=["case", "spaces", "unicode form", "case folding"],
)
def test_two_names_that_read_the_same_are_refused(pair):
    with pytest.raises(LabelsRefused) as refused:
        checked([Wish(name) for name in pair])
    assert refused.value.problems[0][0] == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\x00b", "a\x1bb", "\u202egnp"])
def test_a_name_that_cannot_be_shown_is_refused(name):
    with pytest.raises(LabelsRefused):
        checked([Wish("good"), Wish(name)])


@pytest.mark.parametrize("key", [*sorted(TAKEN_KEYS), "u", "Escape", "12"])
def test_a_key_that_the_label_page_needs_is_refused(key):
    with pytest.raises(LabelsRefused):
        checked([Wish("good", key=key)])


def test_two_equal_keys_are_refused_in_either_case():
    with pytest.raises(LabelsRefused):
        checked([Wish("one", key="a"), Wish("two", key="A")])


@pytest.mark.parametrize("colour", ["red;background:url(//x)", "#ff", "#gggggg", "red", "#123456;"])
def test_a_colour_is_six_digits_or_nothing(colour):
    with pytest.raises(LabelsRefused):
        checked([Wish("good", colour=colour)])


def test_keys_are_given_out_in_order_and_never_twice():
    wishes = checked([Wish("first"), Wish("second", key="1"), *(Wish(str(i)) for i in range(60))])
    keys = [wish.key for wish in wishes if wish.key]
    assert wishes[0].key == "2"
    assert len(set(keys)) == len(keys)
    assert not set(keys) & TAKEN_KEYS
    assert not set(FREE_KEYS) & TAKEN_KEYS


def test_with_several_labels_per_image_zero_means_none_of_them():
    wishes = checked([Wish(str(i)) for i in range(30)], kind="multi")
    assert "0" not in {wish.key for wish in wishes}
    with pytest.raises(LabelsRefused):
        checked([Wish("one", key="0")], kind="multi")


def test_labels_may_be_missing_but_not_all_retired():
    assert checked([]) == []
    with pytest.raises(LabelsRefused, match="at least one"):
        checked([Wish("gone", retired=True)])


def test_two_labels_may_swap_names_and_keys(project):
    healthy, rust, _ = project.labels.all()
    store(project, [Wish("rust", "2", "", healthy.pk), Wish("healthy", "1", "", rust.pk)])
    assert names(project)[:2] == ["rust", "healthy"]


def test_a_retired_label_frees_its_key_and_keeps_its_place(project):
    healthy = project.labels.first()
    store(project, [Wish("healthy", "1", "", healthy.pk, retired=True), Wish("scorch", "1")])
    new = Label.objects.get(project=project, name="scorch")
    assert (new.key, new.place) == ("1", 3)
    assert names(project) == ["rust", "mildew", "scorch"]


def test_a_label_of_another_project_cannot_be_taken(project, outsider):
    other = Label.objects.create(project=outsider.memberships.get().project, name="x", place=0)
    with pytest.raises(LabelsRefused):
        store(project, [Wish("mine", pk=other.pk)])
    other.refresh_from_db()
    assert other.name == "x"


def test_what_breaks_a_rule_changes_nothing(project):
    healthy = project.labels.first()
    with pytest.raises(LabelsRefused):
        store(project, [Wish("fine", "1", "", healthy.pk), Wish("rust")])
    assert names(project) == ["healthy", "rust", "mildew"]
