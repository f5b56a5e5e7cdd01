"""Two versions beside each other, on the very same audit images."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from labeler.evaluation import comparison, measures
from labeler.training import versions
from tests.evaluation.conftest import proba_of
from tests.evaluation.pages import page, post, text_of

TRUTH = [0] * 30 + [1] * 30
OLD = [0] * 24 + [1] * 6 + [1] * 27 + [0] * 3  # six healthy and three rust wrong
NEW = [0] * 28 + [1] * 2 + [1] * 25 + [0] * 5  # two healthy and five rust wrong


@pytest.fixture
def two(bench):
    images = bench.audit(TRUTH)
    n = len(bench.labels)
    bench.version(images, proba_of(OLD, n))
    bench.version(images, proba_of(NEW, n))
    return bench


def compared(bench):
    before, after = (bench.project.model_versions.get(number=n) for n in (1, 2))
    return comparison.of(bench.project, before, after)


def test_it_says_what_became_right_and_what_wrong(two):
    found = compared(two)
    assert found.images == 60
    assert found.counts == (4, 2, 0)  # 24…27 are right now; 55 and 56 are wrong now
    names = {flip.after[0].name for flip in found.better}
    assert names == {two.labels[0].name}
    assert [(f.truth[0].pk, f.before[0].pk, f.after[0].pk) for f in found.worse] == [
        (two.ids[1], two.ids[1], two.ids[0])
    ] * 2


def test_changes_agree_with_scikit_learn(two):
    found = compared(two)
    old, new = (f1_score(TRUTH, said, average=None, labels=[0, 1]) for said in (OLD, NEW))
    for at in (0, 1):
        each = found.labels[at]
        assert each.before.value == pytest.approx(old[at])
        assert each.after.value == pytest.approx(new[at])
        assert each.change.value == pytest.approx(new[at] - old[at])
        assert each.change.low <= each.change.value <= each.change.high
    assert found.labels[2].change is None  # no audit image has it


def test_the_interval_of_a_change_covers_the_truth():
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(200):
        truth = rng.random((300, 1)) < 0.4
        before = truth ^ (rng.random((300, 1)) < 0.2)
        after = truth ^ (rng.random((300, 1)) < 0.1)
        change = measures.f1_changes(truth, before, after)[0]
        covered.append(change.low <= _exact(0.4, 0.1) - _exact(0.4, 0.2) <= change.high)
    assert np.mean(covered) > 0.9


def _exact(share, wrong):
    """F1 of a model that is wrong at random: 2TP / (true + given)."""
    tp = share * (1 - wrong)
    return 2 * tp / (share + tp + (1 - share) * wrong)


def test_nothing_is_said_of_labels_on_which_nothing_differs(two):
    images = list(two.project.images.order_by("row"))
    two.version(images, proba_of(NEW, len(two.labels), sure=0.7))
    versions_ = [two.project.model_versions.get(number=n) for n in (2, 3)]
    found = comparison.of(two.project, *versions_)
    assert [each.flipped for each in found.labels] == [0] * len(two.labels)
    assert found.counts == (0, 0, 0)


def test_several_labels_are_right_together_or_wrong(multi_bench):
    bench = multi_bench
    images = bench.audit([(0, 1)] * 30 + [()] * 30)
    both = np.array([[0.9, 0.9, 0.1]] * 30 + [[0.1, 0.1, 0.1]] * 30)[:, : len(bench.labels)]
    one = both.copy()
    one[:5, 1] = 0.2
    bench.version(images, one)
    bench.version(images, both)
    found = compared(bench)
    assert found.counts == (5, 0, 0)
    assert [len(flip.before) for flip in found.better] == [1] * 5


def test_the_page_compares_two_chosen_versions(client, two, reviewer):
    shown = text_of(page(client, reviewer, "models", two.project, v=[1, 2]))
    assert "Version 2 against 1" in shown
    assert "4 images are right now that were wrong" in shown
    refused = text_of(page(client, reviewer, "models", two.project, v=[2]))
    assert "Choose two versions to compare." in refused


def test_looking_costs_no_more_with_more_labels_and_images(
    client, two, reviewer, django_assert_max_num_queries
):
    page(client, reviewer, "models", two.project, v=[1, 2])
    with django_assert_max_num_queries(40):
        page(client, reviewer, "models", two.project, v=[1, 2])


def test_an_admin_pins_and_unpins_on_the_page(client, two, admin):
    client.force_login(admin)
    post(client, admin, "unpin_version", two.project)
    url = f"/projects/{two.project.pk}/models/1/delete"
    assert "is gone" in client.post(url, follow=True).content.decode()
    url = f"/projects/{two.project.pk}/models/2/delete"
    assert "This version serves." in client.post(url, follow=True).content.decode()
    assert versions.serving(two.project).number == 2


def test_the_api_pins_compares_and_deletes(client, two, admin):
    client.force_login(admin)
    base = f"/api/v1/projects/{two.project.pk}/model-versions"
    told = client.get(f"{base}/compare", {"before": 1, "after": 2}).json()
    assert told["counts"] == {"better": 4, "worse": 2, "otherwise": 0}
    pinned = client.post(f"{base}/1/pin").json()
    assert (pinned["pinned"], pinned["serving"]) == (True, False)  # a round scores it first
    assert client.delete(f"{base}/1").json()["code"] == "in_use"
    assert client.post(f"{base}/unpin").json()["model_version"] == 2
    assert client.delete(f"{base}/1").status_code == 204
    assert client.delete(f"{base}/1").status_code == 404
