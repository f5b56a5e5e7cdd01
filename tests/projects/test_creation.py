"""How a project begins, what can be set, and how it ends."""

import math

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image, Import, Refusal, Truth
from labeler.projects import creation, removal
from labeler.projects.labels import Wish
from labeler.projects.models import Label, Project, Token
from labeler.projects.signals import project_deleted
from labeler.training.models import ModelVersion, Round

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Tea leaves", "question": "What is on it?", "kind": "single",
    "labels": "healthy\r\n\r\n rust \r\nmildew", "strategy": "margin", "audit_share": "12.5",
    "retrain": "adaptive", "retrain_after": "",
}  # fmt: skip


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner)
    return client


def settings_of(project, **changes):
    """The settings form as the page sends it."""
    sent = {
        "name": project.name, "question": project.question, "strategy": project.strategy,
        "audit_share": 100 * project.audit_share, "retrain": "adaptive", "retrain_after": "",
        "suggestion_share": 100 * project.suggestion_share, "target": 100 * project.target,
        "overlap": project.overlap, "consensus": project.consensus, "instructions": "",
        "spot_check_share": 100 * project.spot_check_share,
        "gold_share": 100 * project.gold_share, "label_adders": project.label_adders,
        "audit_target": project.audit_target, "features": project.features, "head": project.head,
    }  # fmt: skip
    for label in project.labels.all():
        sent |= {f"label-{label.pk}-{part}": getattr(label, part) for part in ("name", "key")}
    return sent | changes


def test_the_form_makes_a_project_and_its_maker_is_admin(as_owner, owner):
    answer = as_owner.post("/projects/new", FORM)
    project = Project.objects.get(name="Tea leaves")
    assert answer.url == f"/projects/{project.pk}/import"
    assert [label.name for label in project.labels.all()] == ["healthy", "rust", "mildew"]
    assert [label.key for label in project.labels.all()] == ["1", "2", "3"]
    assert project.audit_share == 0.125
    assert project.retrain_after is None
    assert project.memberships.get().role == "admin"
    assert project.memberships.get().user == owner


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "  ", "Give the project a name."),
        ("name", "x" * 10_000, "at most 100"),
        ("name", "a\x07b", "cannot be shown"),
        ("labels", "a\nA", "Line 2"),
        ("labels", "\n".join(str(i) for i in range(5_001)), "5,000"),
        ("strategy", "psychic", "psychic"),
        ("kind", "triple", "triple"),
        ("audit_share", "-1", "0 to 100"),
        ("audit_share", "101", "0 to 100"),
        ("audit_share", "NaN", "0 to 100"),
        ("audit_share", "1e999999", "0 to 100"),
        ("audit_share", "many", "0 to 100"),
    ],
)
def test_a_bad_value_is_told_beside_its_field_and_nothing_is_made(as_owner, field, value, words):
    answer = as_owner.post("/projects/new", FORM | {field: value})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not Project.objects.exists()


@pytest.mark.parametrize("number", ["", "0", "-3", "x", "1000000000"])
def test_retrain_after_a_number_needs_one(as_owner, number):
    sent = FORM | {"retrain": "number", "retrain_after": number}
    assert as_owner.post("/projects/new", sent).status_code == 400
    assert not Project.objects.exists()


def test_an_annotator_makes_no_projects(client, annotator):
    client.force_login(annotator)
    assert client.post("/projects/new", FORM).status_code == 403
    assert not Project.objects.filter(name="Tea leaves").exists()


@pytest.mark.parametrize(
    "values",
    [
        {"audit_share": math.nan}, {"audit_share": 2}, {"overlap": 0}, {"overlap": 1_000},
        {"retrain_after": 0}, {"retrain_after": 10**9}, {"strategy": "unknown"},
        {"features": "../../etc"}, {"id": 3}, {"created_by": 1}, {"audit_seed": 1},
    ],
)  # fmt: skip
def test_settings_keep_their_rules(project, values):
    with pytest.raises(creation.SettingsRefused):
        creation.change(project, **values)


def test_the_settings_page_stores_all_of_it(as_owner, project):
    rust = project.labels.get(name="rust")
    sent = settings_of(
        project, name="Leaves of tea", strategy="entropy", retrain="number", retrain_after="25",
        target="80", suggestion_share="50", overlap="2", instructions="Look twice.",
        new_labels="scorch\nchewed",
    ) | {f"label-{rust.pk}-name": "leaf rust", f"label-{rust.pk}-colour": "#FF8800"}  # fmt: skip
    sent[f"label-{project.labels.get(name='mildew').pk}-retired"] = "on"
    answer = as_owner.post(f"/projects/{project.pk}/settings", sent)
    assert answer.status_code == 302
    project.refresh_from_db()
    assert (project.name, project.strategy, project.retrain_after) == (
        "Leaves of tea",
        "entropy",
        25,
    )
    assert (project.target, project.suggestion_share, project.overlap) == (0.8, 0.5, 2)
    assert project.instructions == "Look twice."
    rust.refresh_from_db()
    assert (rust.name, rust.colour) == ("leaf rust", "#ff8800")
    names = list(project.labels.filter(retired=False).values_list("name", flat=True))
    assert names == ["healthy", "leaf rust", "scorch", "chewed"]


def test_a_bad_label_keeps_the_settings_as_they_were(as_owner, project):
    rust = project.labels.get(name="rust")
    sent = settings_of(project, name="Changed") | {f"label-{rust.pk}-name": "healthy"}
    answer = as_owner.post(f"/projects/{project.pk}/settings", sent)
    assert answer.status_code == 400
    assert "there twice" in answer.content.decode()
    project.refresh_from_db()
    assert project.name == "Leaves"


def test_a_bad_setting_keeps_the_labels_as_they_were(as_owner, project):
    rust = project.labels.get(name="rust")
    sent = settings_of(project, audit_share="200") | {f"label-{rust.pk}-name": "other"}
    assert as_owner.post(f"/projects/{project.pk}/settings", sent).status_code == 400
    rust.refresh_from_db()
    assert rust.name == "rust"


def test_deleting_asks_for_the_name(as_owner, project):
    where = f"/projects/{project.pk}/settings/delete"
    for wrong in ("", "leaves", "Leaves x"):
        assert as_owner.post(where, {"name": wrong}).status_code == 400
    assert Project.objects.filter(pk=project.pk).exists()
    assert as_owner.post(where, {"name": "Leaves"}).status_code == 302
    assert not Project.objects.filter(pk=project.pk).exists()


def test_deleting_takes_every_row_and_nothing_of_other_projects(
    project, owner, images, outsider, django_capture_on_commit_callbacks
):
    other = outsider.memberships.get().project
    label = Label.objects.create(project=other, name="kept", place=0)
    imp = Import.objects.create(project=project, number=1, source="upload", created_by=owner)
    Refusal.objects.create(of=imp, name="x", code="x", reason="x", remedy="x")
    Truth.objects.create(image=images[0], label=project.labels.first())
    item = QueueItem.objects.create(project=project, image=images[0], rank=0, strategy="random")
    first = Annotation.objects.create(
        uuid="a" * 32, project=project, image=images[0], user=owner, item=item, current=False
    )
    second = Annotation.objects.create(
        uuid="b" * 32, project=project, image=images[0], user=owner, supersedes=first
    )
    second.labels.add(project.labels.first())
    round_ = Round.objects.create(project=project, number=1, reason="asked")
    ModelVersion.objects.create(
        project=project, number=1, round=round_, head="logistic", features="x", label_ids=[],
        strategy="margin", n_labels=0, seen_annotation=0, sha256="",
    )  # fmt: skip
    Token.objects.create(user=owner, name="x", project=project, digest="x")
    heard = []
    project_deleted.connect(lambda project_id, **_: heard.append(project_id), weak=False)
    with django_capture_on_commit_callbacks(execute=True):
        removal.delete(project)
    connection.check_constraints()
    for model, path in removal.paths().items():
        assert not model._base_manager.filter(**{path: project.pk}).exists(), model
    assert not Image.objects.exists()
    assert Label.objects.get() == label
    assert heard == [project.pk]


def test_the_list_takes_as_many_queries_for_ten_projects_as_for_one(as_owner, owner):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            assert as_owner.get("/").status_code == 200
        return len(seen)

    def make(number):
        labels = [Wish("a", colour="#ff8800")]
        project = creation.create(user=owner, name=str(number), wishes=labels)
        Image.objects.create(
            project=project, row=0, sha256=str(number), name="x.png", width=1, height=1,
            format="PNG", bytes=1, key=0.5,
        )  # fmt: skip
        Project.objects.filter(pk=project.pk).update(next_row=1)

    make(0)
    one = queries()
    for number in range(1, 10):
        make(number)
    assert queries() == one


def test_the_list_tells_strangers_nothing(client, outsider, project, images):
    client.force_login(outsider)
    shown = client.get("/").content.decode()
    assert "Elsewhere" in shown
    assert "Leaves" not in shown


def test_an_empty_list_says_the_next_step(as_owner):
    assert "Start with a pile of images." in as_owner.get("/").content.decode()


def test_choices_are_those_of_the_engine():
    from labeler.projects import choices
    from ml import features, heads, strategies

    assert choices.names(choices.STRATEGIES) == set(strategies.ALL) - set(strategies.SCHEDULES)
    assert all(features.get(name) for name in choices.names(choices.FEATURES))
    assert choices.names(choices.HEADS) <= set(heads.HEADS)
