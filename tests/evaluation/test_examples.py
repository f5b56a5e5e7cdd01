"""The models page says from how many images each label is learned, and which are too rare."""

import pytest

from labeler.evaluation import examples
from labeler.projects.models import Label
from ml import heads
from ml.heads import imbalance
from tests.evaluation.conftest import proba_of
from tests.evaluation.pages import page, text_of


def told(bench, **fields):
    type(bench.project).objects.filter(pk=bench.project.pk).update(**fields)
    bench.project.refresh_from_db()
    return {each.label.place: (each.count, each.rare) for each in examples.of(bench.project).labels}


@pytest.fixture
def tagged(bench):
    """Twelve images: all but one have the first tag, two the second, none the third."""
    images = bench.images(12, audit=False)
    for number, image in enumerate(images):
        tags = {0} if number < 11 else set()
        bench.answer(image, *(tags | {1} if number < 2 else tags))
    return bench


@pytest.mark.parametrize("head", examples.TAG_BY_TAG)
def test_tags_too_rare_to_be_learned_alone_are_named(tagged, head):
    found = told(tagged, kind="multi", head=head)
    assert found == {0: (11, "nearly_all"), 1: (2, "few"), 2: (0, "none")}


@pytest.mark.parametrize("head", sorted(set(heads.HEADS) - set(examples.TAG_BY_TAG)))
def test_other_heads_learn_from_any_example(tagged, head):
    found = told(tagged, kind="multi", head=head)
    assert found == {0: (11, ""), 1: (2, ""), 2: (0, "none")}


def test_where_labels_exclude_each_other_one_example_is_enough(tagged):
    assert told(tagged, head="boosted_trees")[1] == (2, "")


def test_the_threshold_is_that_of_the_heads():
    assert examples.FEWEST == imbalance.FEWEST


def test_audit_images_skips_and_second_opinions_do_not_count(bench, admin):
    learned, skipped = bench.images(2, audit=False)
    bench.answer(learned, 1)
    bench.answer(learned, 1, user=admin)
    bench.answer(skipped, skip="unsure")
    bench.audit([1, 1, 1])
    assert told(bench) == {0: (0, "none"), 1: (1, ""), 2: (0, "none")}


def test_of_many_labels_the_rarest_are_listed(bench):
    bench.answer(bench.images(1, audit=False)[0], 0)
    Label.objects.bulk_create(
        Label(project=bench.project, name=f"tag {n}", place=10 + n) for n in range(40)
    )
    found = examples.of(bench.project)
    assert (len(found.labels), found.more) == (examples.SHOWN, 43 - examples.SHOWN)
    assert not any(each.count for each in found.labels)


def test_the_models_page_shows_it(client, tagged, reviewer):
    assert "Examples per label" not in text_of(page(client, reviewer, "models", tagged.project))
    tagged.version(tagged.audit([0]), proba_of([0], 3))
    told(tagged, kind="multi", head="boosted_trees")
    shown = text_of(page(client, reviewer, "models", tagged.project))
    assert "rare: not learned alone yet" in shown
    assert "on nearly every image: not learned alone yet" in shown
    assert "no example: not predicted" in shown
