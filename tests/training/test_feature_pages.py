"""Choosing features by page and API, and what is told about how far they are."""

import io

import pytest
from django.db.models.functions import Now
from PIL import Image as Picture

from labeler.projects import creation
from labeler.projects.models import Project
from labeler.training import embeddings, feature_fits, feature_states
from labeler.training.models import FeatureFit, Shard
from ml import features
from ml.features.autoencoder import Autoencoder
from tests.projects.test_creation import FORM, settings_of
from tests.training.drawn import draw
from tests.training.invented import answer, run_round, work_on

pytestmark = pytest.mark.django_db
PCA = "pca-8:hog"
NOT_LAYER = "torchvision:resnet18,green"


@pytest.fixture
def as_admin(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def pool(project) -> Project:
    """Thirty stored pictures, to be seen through eight axes over HOG."""
    Project.objects.update(features=PCA)
    draw(project, range(30))
    return project


def shown(client, project) -> str:
    """The panel alone."""
    return client.get(f"/projects/{project.pk}/features").content.decode()


def learn(project):
    embeddings.find()
    work_on("feature_fit")


# Choosing ---------------------------------------------------------------------------------


def test_a_name_may_be_written_when_a_project_is_made(as_admin):
    sent = FORM | {"features": "other", "other_features": " pca-64:hog "}
    assert as_admin.post("/projects/new", sent).status_code == 302
    assert Project.objects.get(name="Tea leaves").features == "pca-64:hog"


def test_without_a_word_a_new_project_has_the_default(as_admin):
    assert as_admin.post("/projects/new", FORM).status_code == 302
    assert Project.objects.get(name="Tea leaves").features == features.DEFAULT


def test_the_settings_page_shows_and_stores_a_written_name(as_admin, project):
    where = f"/projects/{project.pk}/settings"
    sent = settings_of(project, features="other", other_features="torchvision:resnet18@layer3,grey")
    assert as_admin.post(where, sent).status_code == 302
    project.refresh_from_db()
    assert project.features == "torchvision:resnet18@layer3,grey"
    page = as_admin.get(where).content.decode()
    assert 'name="features" value="other" checked' in page
    assert 'value="torchvision:resnet18@layer3,grey"' in page
    assert as_admin.post(where, settings_of(project, features="hog")).status_code == 302
    project.refresh_from_db()
    assert project.features == "hog"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (NOT_LAYER, "&#x27;green&#x27; is neither grey nor a number of pixels"),
        ("pca-64:hig", "no feature set is called &#x27;hig&#x27;"),
        ("itq-12:hog", "a code has 8, 16, 24 ... 4096 bits, got 12"),
        ("", "Write the name of a feature set, or choose one of the others."),
        ("pca-1:" * 20 + "hog", "Shorten this to 80 characters; it has 123."),
    ],
)
def test_a_wrong_name_is_refused_with_its_reason(as_admin, project, name, reason):
    sent = settings_of(project, features="other", other_features=name)
    refused = as_admin.post(f"/projects/{project.pk}/settings", sent)
    assert refused.status_code == 400
    assert reason in refused.content.decode()
    new = as_admin.post("/projects/new", FORM | {"features": "other", "other_features": name})
    assert new.status_code == 400
    assert reason in new.content.decode()
    project.refresh_from_db()
    assert project.features == features.DEFAULT


def test_the_api_refuses_it_with_the_same_words(as_admin, project):
    where = f"/api/v1/projects/{project.pk}"
    kind = {"content_type": "application/json"}
    refused = as_admin.patch(where, {"features": NOT_LAYER}, **kind)
    assert refused.status_code == 422
    assert "'green' is neither grey nor a number of pixels" in refused.content.decode()
    assert as_admin.patch(where, {"features": PCA}, **kind).json()["features"] == PCA


def test_without_the_engine_only_the_choices_are_allowed(monkeypatch, project):
    from labeler.projects import feature_names

    monkeypatch.setattr(feature_names, "_check", feature_names._only_choices)
    creation.change(project, features="hog")
    with pytest.raises(creation.SettingsRefused):
        creation.change(project, features=PCA)


# How far it is ----------------------------------------------------------------------------


def test_the_panel_follows_from_waiting_to_ready(as_admin, pool):
    page = shown(as_admin, pool)
    assert "It begins as soon as a worker is free." in page
    assert "hx-get" in page
    embeddings.find()
    FeatureFit.objects.update(state="running", phase="reading", done=9, total=27, lease_until=Now())
    assert "reading images · 33\u00a0%" in shown(as_admin, pool)
    work_on("feature_fit")
    assert "embedding · 0 of 30" in shown(as_admin, pool)
    work_on("embedding")
    page = shown(as_admin, pool)
    assert "ready" in page
    assert "hx-get" not in page
    state = feature_states.of(pool)
    assert (state.dimensions, state.images) == (8, 27)
    assert 0.3 < state.kept < 1
    assert f"{100 * state.kept:.1f}\u00a0%" in page
    assert state.bytes > 30 * 8 * 2
    assert "Learn again" in page
    assert "samples.webp" not in page


def test_features_that_learn_nothing_have_no_button(as_admin, pool):
    Project.objects.update(features="pixels")
    embeddings.find()
    work_on("embedding")
    page = shown(as_admin, pool)
    assert "ready" in page
    assert "4,096" in page
    assert "Learn again" not in page
    told = as_admin.post(f"/projects/{pool.pk}/features/learn", follow=True).content.decode()
    assert "These features learn nothing" in told
    assert not FeatureFit.objects.exists()


def test_too_few_images_and_failures_say_why(as_admin, project):
    Project.objects.update(features=PCA)
    project.refresh_from_db()
    draw(project, range(5))
    learn(project)
    page = shown(as_admin, project)
    assert "waiting" in page
    assert "These features learn from 20 images or more" in page
    assert "Try again" in page
    FeatureFit.objects.update(state="failed", error="Its worker died 3 times.")
    page = shown(as_admin, project)
    assert "failed" in page
    assert "Its worker died 3 times." in page
    Project.objects.update(features="pixels")
    embeddings.find()
    Shard.objects.update(state="failed", error="The disk is full.")
    assert "The disk is full." in shown(as_admin, project)


def test_an_admin_lets_them_learn_again_while_the_old_serve(as_admin, admin, pool):
    learn(pool)
    work_on("embedding")
    answer(pool, range(9, 30))
    run_round(pool)
    assert as_admin.post(f"/projects/{pool.pk}/features/learn").status_code == 302
    fit = FeatureFit.objects.get()
    assert (fit.state, fit.asked_by, fit.again) == ("due", admin, True)
    draw(pool, range(30, 40))
    work_on("feature_fit")
    page = shown(as_admin, pool)
    assert "The serving model works with what they had learned before" in page
    assert "embedding · 0 of 40" in page


def test_an_autoencoder_shows_losses_and_samples(as_admin, pool, monkeypatch):
    tiny = {"dimensions": 12, "side": 16, "width": 4, "epochs": 3}
    monkeypatch.setitem(features.FEATURES, "autoencoder", lambda: Autoencoder(**tiny))
    Project.objects.update(features="autoencoder")
    pool.refresh_from_db()
    learn(pool)
    page = shown(as_admin, pool)
    assert "over 3 passes" in page
    assert page.count("<polyline") == 2
    fingerprint = FeatureFit.objects.get().fingerprint
    where = f"/projects/{pool.pk}/features/{fingerprint}/samples.webp"
    assert where in page
    sheet = as_admin.get(where)
    assert sheet.headers["Content-Type"] == "image/webp"
    with Picture.open(io.BytesIO(b"".join(sheet.streaming_content))) as picture:
        assert picture.size == (156, 36)
    gone = where.replace(fingerprint, "0" * 12)
    assert as_admin.get(gone).status_code == 404
    feature_fits._loaded.cache_clear()


def test_the_api_tells_the_same(client, reviewer, as_admin, pool):
    where = f"/api/v1/projects/{pool.pk}/features"
    learn(pool)
    work_on("embedding")
    told = as_admin.get(where).json()
    assert (told["state"], told["dimensions"], told["learns"]) == ("ready", 8, True)
    asked = as_admin.post(f"{where}/learn", content_type="application/json")
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    client.force_login(reviewer)
    assert client.get(where).status_code == 200
    assert client.post(f"{where}/learn", content_type="application/json").status_code == 403


def test_annotators_and_reviewers_may_not(client, annotator, reviewer, pool):
    for person in (annotator, reviewer):
        client.force_login(person)
        assert client.get(f"/projects/{pool.pk}/features").status_code == 403
        assert client.post(f"/projects/{pool.pk}/features/learn").status_code == 403
        change = client.patch(
            f"/api/v1/projects/{pool.pk}", {"features": "hog"}, content_type="application/json"
        )
        assert change.status_code == 403
    assert not FeatureFit.objects.exists()


def test_an_archived_project_shows_it_and_learns_nothing(as_admin, pool):
    learn(pool)
    Project.objects.filter(pk=pool.pk).update(archived_at=Now())
    assert "Learn again" not in shown(as_admin, pool)
    assert as_admin.post(f"/projects/{pool.pk}/features/learn").status_code == 403
    assert FeatureFit.objects.get().state == "done"
