"""The order of labels, and the history of what was done to them."""

import pytest

from labeler.labeling import questions
from labeler.projects import label_history
from labeler.projects import labels as label_set
from labeler.projects.label_order import reorder
from labeler.projects.labels import LabelsRefused, Wish
from labeler.projects.models import Label, LabelEvent, Project

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Leaves", "strategy": "margin", "audit_share": 10, "retrain": "adaptive",
    "suggestion_share": 100, "target": 90, "overlap": 1, "consensus": "majority", "gold_share": 0,
    "spot_check_share": 5,
    "label_adders": "admin", "audit_target": 400, "features": "efficientnet_lite0",
    "head": "logistic",
}  # fmt: skip


def names(project):
    return [label.name for label in project.labels.all()]


def ids(project):
    return {label.name: label.pk for label in project.labels.all()}


def sent(project, **changed):
    """The label part of the settings form, with `position_rust="1"` and the like changed."""
    form = dict(FORM)
    for place, label in enumerate(project.labels.filter(retired=False), 1):
        for part, value in (("name", label.name), ("key", label.key), ("position", place)):
            name = f"label-{label.pk}-{part}"
            form[name] = changed.get(f"{part}_{label.name}", value)
        form[f"label-{label.pk}-colour"] = label.colour
    return form


@pytest.fixture
def settings_page(client, project, admin):
    client.force_login(admin)
    return lambda **changed: client.post(f"/projects/{project.pk}/settings",
                                         sent(project, **changed))  # fmt: skip


def test_people_see_the_new_order_and_keys_and_marks_stay(project, admin):
    before = {label.name: (label.key, label.mark) for label in project.labels.all()}
    pk = ids(project)
    assert reorder(project, [pk["mildew"], pk["healthy"], pk["rust"]], user=admin) == 1
    assert names(project) == ["mildew", "healthy", "rust"]
    assert list(questions.names_of(project).values()) == ["mildew", "healthy", "rust"]
    assert {la.name: (la.key, la.mark) for la in project.labels.all()} == before


def test_labels_that_are_left_out_follow_behind(project):
    reorder(project, [ids(project)["mildew"]])
    assert names(project) == ["mildew", "healthy", "rust"]


def test_a_new_label_comes_last_also_after_a_move(project):
    pk = ids(project)
    reorder(project, [pk["mildew"], pk["rust"], pk["healthy"]])
    label_set.add(project, "scorch")
    assert names(project) == ["mildew", "rust", "healthy", "scorch"]


def test_strangers_and_doubles_are_refused_and_nothing_moves(project, outsider):
    other = Label.objects.create(project=outsider.memberships.get().project, name="x", place=0)
    rust = ids(project)["rust"]
    for order in ([other.pk], [rust, rust]):
        with pytest.raises(LabelsRefused):
            reorder(project, order)
    assert names(project) == ["healthy", "rust", "mildew"]


def test_only_what_was_moved_is_written_down(project, admin):
    label_set.store(project, [Wish(f"label {n}") for n in range(20)], user=admin)
    order = [label.pk for label in project.labels.all()]
    LabelEvent.objects.all().delete()
    reorder(project, [order[9], *order[:9], *order[10:]], user=admin)
    event = LabelEvent.objects.get()
    assert (event.kind, event.label_id, event.user) == ("moved", order[9], admin)
    assert (event.details["from"], event.details["to"]) == (10, 1)


def test_what_others_go_around_is_not_moved(project, admin):
    LabelEvent.objects.all().delete()
    assert reorder(project, [*ids(project).values()][::-1], user=admin) == 1
    event = LabelEvent.objects.get()
    assert event.details["from"] != event.details["to"]


@pytest.mark.parametrize(
    ("number", "order"),
    [
        ("1", ["mildew", "healthy", "rust"]),
        ("2", ["healthy", "mildew", "rust"]),
        ("99", ["healthy", "rust", "mildew"]),
        ("", ["healthy", "rust", "mildew"]),
        ("-1", ["healthy", "rust", "mildew"]),
        ("9" * 5000, ["healthy", "rust", "mildew"]),
        ("²", ["healthy", "rust", "mildew"]),
    ],
)
def test_a_number_in_the_settings_is_a_place(project, settings_page, number, order):
    assert settings_page(position_mildew=number).status_code == 302
    assert names(project) == order


def test_a_label_that_goes_down_stands_behind_the_one_that_had_the_place(project, settings_page):
    settings_page(position_healthy="2")
    assert names(project) == ["rust", "healthy", "mildew"]


def test_a_retired_label_is_shown_apart_and_keeps_its_place(project, settings_page):
    label_set.store(project, [Wish("rust", pk=ids(project)["rust"], retired=True)])
    settings_page(position_mildew="1")
    assert names(project) == ["mildew", "rust", "healthy"]


def test_what_is_refused_moves_nothing(project, settings_page):
    assert settings_page(position_mildew="1", name_rust="").status_code == 400
    assert names(project) == ["healthy", "rust", "mildew"]
    assert not LabelEvent.objects.exists()


def test_three_hundred_labels_can_be_saved(project, settings_page):
    label_set.store(project, [Wish(f"species {n:03}") for n in range(300)])
    answer = settings_page(**{"name_species 299": "the last"})
    assert answer.status_code == 302
    assert names(project)[-1] == "the last"


class TestHistory:
    def test_every_change_is_told(self, project, admin, client, reviewer):
        pk = ids(project)
        label_set.store(project, [Wish("leaf rust", "2", pk=pk["rust"])], user=admin)
        label_set.store(project, [Wish("mildew", pk=pk["mildew"], retired=True)], user=admin)
        label_set.store(project, [Wish("mildew", pk=pk["mildew"])], user=admin)
        label_set.store(project, [Wish("healthy", "H", "#aabbcc", pk["healthy"])], user=admin)
        label_set.store(project, [Wish("scorch")])
        told = [label_history.words(event) for event in label_history.of_project(project)]
        assert told == [
            "added scorch",
            "brought mildew back",
            "retired mildew, which 0 images carry",
            "renamed rust to leaf rust",
        ]
        client.force_login(reviewer)
        page = client.get(f"/projects/{project.pk}/labels/history").content.decode()
        assert "renamed rust to leaf rust" in page
        assert "an import" in page

    def test_it_goes_on_behind_an_event(self, project, admin, client):
        label_set.store(project, [Wish(f"label {n}") for n in range(60)], user=admin)
        client.force_login(admin)
        where = f"/projects/{project.pk}/labels/history"
        oldest = client.get(where).context["older"]
        rest = client.get(where, {"before": oldest}).context["lines"]
        assert [words for _event, words in rest][-1] == "added label 0"
        assert client.get(where, {"before": "x" * 99}).status_code == 200

    def test_a_former_name_is_found_until_it_is_somebody_elses(self, project):
        pk = ids(project)["rust"]
        label_set.store(project, [Wish("leaf rust", pk=pk)])
        assert label_history.former_names(project) == {"rust": pk}
        label_set.store(project, [Wish("Rust")])
        assert label_history.former_names(project) == {}


def test_a_project_without_labels_says_so_and_how_to_go_on(client, owner, annotator):
    bare = Project.objects.create(name="Bare", audit_seed=1, created_by=owner, next_row=1)
    client.force_login(owner)
    page = client.get(f"/projects/{bare.pk}/label").content.decode()
    assert "This project has no label yet" in page
    assert f"/projects/{bare.pk}/settings#labels" in page
    assert f"/projects/{bare.pk}/import" in page
    bare.memberships.create(user=annotator, role="annotator")
    client.force_login(annotator)
    page = client.get(f"/projects/{bare.pk}/label").content.decode()
    assert "This project has no label yet" in page
    assert f"/projects/{bare.pk}/settings#labels" not in page
