"""Autolabel: what is offered, accepted by a worker that may be killed, revoked, and checked."""

import pytest

from labeler.evaluation import acceptances, accepting, autolabel, status, studies
from labeler.evaluation.acceptances import NotAccepted
from labeler.evaluation.autolabel import BadWish, Missing
from labeler.evaluation.models import Study
from labeler.labeling.models import Acceptance, Annotation, ModelAnnotation
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import sureness, versions
from labeler.training.models import Round
from labeler.work import leases
from labeler.work.leases import LeaseLost
from tests.evaluation.pool_of_model import SURE, UNSURE, scored_pool, work

State = Image.State


@pytest.fixture
def pool(bench):
    """The version, the open images; 240 sure audit images without a mistake."""
    version, opened = scored_pool(bench)
    sureness.make(version, lambda done, total: None)
    return version, opened


def offer_of(project, rate, labels=None):
    return autolabel.of(project, versions.serving(project), autolabel.wish(project, rate, labels))


def accept(project, user, rate=0.05, **more):
    return acceptances.accept(
        project, user, autolabel.wish(project, rate), version=versions.serving(project).number,
        **more,
    )  # fmt: skip


def count(project, state):
    return Image.objects.filter(project=project, state=state, audit=False).count()


def test_the_lowest_threshold_that_keeps_the_rate(project, pool):
    offer = offer_of(project, 0.05)
    (part,) = offer.parts
    # Two thresholds: half the risk each. No mistake in 240: the bound is 1 - 0.025^(1/240).
    assert (part.rung.threshold, part.rung.n, part.rung.wrong) == (SURE, 240, 0)
    assert part.rung.upper == pytest.approx(1 - 0.025 ** (1 / 240))
    assert (offer.images, offer.of) == (160, 200)
    assert {rung.threshold for rung in part.rungs} == {SURE, UNSURE}


def test_a_larger_rate_takes_the_unsure_ones_too(project, pool):
    assert offer_of(project, 0.2).images == 200


def test_too_small_a_sample_says_how_many_more_would_do(project, pool):
    (part,) = offer_of(project, 0.01).parts
    assert part.rung is None
    # 0.99^n <= 2.5 % from n = 368 on, of which 240 of 300 audit images bring one each.
    assert part.more == 368 * 300 / 240 - 300


def test_a_rate_per_label_shares_the_risk(project, pool, bench):
    offer = offer_of(project, 0.05, {bench.ids[0]: 0.03})
    first = offer.parts[0]
    assert len(offer.parts) == 3
    assert first.rung.upper == pytest.approx(1 - (0.025 / 3) ** (1 / 240))
    assert offer.thresholds == {str(bench.ids[0]): SURE}
    assert offer.wish.as_stored() == {"all": 0.05, str(bench.ids[0]): 0.03}


@pytest.mark.parametrize("rate", [0, 0.6, float("nan")])
def test_a_rate_that_is_none_is_refused(project, rate):
    with pytest.raises(BadWish):
        autolabel.wish(project, rate)


def test_several_labels_have_one_rate(project):
    project.kind = Project.Kind.MULTI
    with pytest.raises(BadWish):
        autolabel.wish(project, 0.05, {Label.objects.first().pk: 0.05})


def test_what_is_missing_is_named(project, bench):
    wished = autolabel.wish(project, 0.05)
    assert autolabel.of(project, None, wished) == Missing("model")
    version, _ = scored_pool(bench)
    assert autolabel.of(project, version, wished) == Missing("count")


def test_saved_thresholds_make_it_count_anew(project, pool, bench):
    version, _ = pool
    version.thresholds = {str(bench.ids[0]): 0.9}
    version.save()
    assert offer_of(project, 0.05) == Missing("count")


def test_the_random_look_shows_only_what_would_be_accepted(project, pool):
    _, opened = pool
    found = autolabel.look(project, offer_of(project, 0.05), 10)
    assert len(found) == 10
    assert {each["image"].pk for each in found} <= {image.pk for image in opened[40:]} | {
        image.pk for image in opened
    }
    assert {each["sure"] for each in found} == {SURE}
    assert {label.name for each in found for label in each["labels"]} == {"healthy"}


def test_accepting_gives_marked_labels_and_revoking_takes_all_back(project, pool, owner, bench):
    made = accept(project, owner)
    assert work() == 1
    made.refresh_from_db()
    assert made.images == count(project, State.ACCEPTED) == 160
    given = ModelAnnotation.objects.filter(acceptance=made)
    assert given.count() == 160
    assert given.first().label_ids == [bench.ids[0]]
    assert not Annotation.objects.filter(image__audit=False).exists(), "no person said anything"
    assert offer_of(project, 0.05).of == 40, "counted anew"
    project.refresh_from_db()
    assert project.has_accepted
    acceptances.revoke(project, owner, made.number)
    acceptances.revoke(project, owner, made.number)
    assert work() == 1, "twice is once"
    assert count(project, State.OPEN) == 200
    assert not ModelAnnotation.objects.exists()
    project.refresh_from_db()
    assert not project.has_accepted
    again = accept(project, owner)
    work()
    assert again.number == 2
    assert count(project, State.ACCEPTED) == 160


def test_a_killed_worker_leaves_whole_chunks_and_the_next_goes_on(
    project, pool, owner, monkeypatch
):
    monkeypatch.setattr(accepting, "CHUNK", 64)
    made = accept(project, owner)
    chunks = []
    passing = accepting.passing

    def dies(reader, acceptance, first, end, inside):
        if len(chunks) == 6:
            raise KeyboardInterrupt  # nothing after it is written, as with a kill
        chunks.append((first, end))
        return passing(reader, acceptance, first, end, inside)

    monkeypatch.setattr(accepting, "passing", dies)
    row = leases.claim(Study)
    with pytest.raises(KeyboardInterrupt):
        studies.run(row)
    made.refresh_from_db()
    row.refresh_from_db()
    assert row.done == 6 * 64
    assert made.images == count(project, State.ACCEPTED) == 84, "rows 300 to 383"
    monkeypatch.setattr(accepting, "passing", passing)
    Study.objects.update(lease_until="2000-01-01T00:00Z")
    assert work() == 1
    made.refresh_from_db()
    assert made.images == count(project, State.ACCEPTED) == 160


def test_a_worker_that_lost_its_lease_accepts_nothing(project, pool, owner):
    made = accept(project, owner)
    row = leases.claim(Study)
    Study.objects.update(lease_until="2000-01-01T00:00Z")
    assert leases.claim(Study).pk == row.pk
    with pytest.raises(LeaseLost):
        accepting.answer(row)
    made.refresh_from_db()
    assert made.images == count(project, State.ACCEPTED) == 0


def test_revoked_before_the_worker_came_accepts_nothing(project, pool, owner):
    made = accept(project, owner)
    acceptances.revoke(project, owner, made.number)
    work()
    assert count(project, State.ACCEPTED) == 0


def test_one_acceptance_at_a_time_and_only_of_the_version_that_was_seen(project, pool, owner):
    accept(project, owner)
    with pytest.raises(NotAccepted, match="under way"):
        accept(project, owner)
    work()
    with pytest.raises(NotAccepted, match="Another model version"):
        acceptances.accept(project, owner, autolabel.wish(project, 0.05), version=9)
    with pytest.raises(NotAccepted, match="No image"):
        accept(project, owner, rate=0.01)


def test_learning_from_it_is_asked_for(project, pool, owner):
    made = accept(project, owner)
    work()
    assert not Round.objects.filter(reason=Round.Reason.ASKED).exists()
    assert acceptances.teach(project, owner, made.number, teaches=True).teaches
    assert Round.objects.filter(reason=Round.Reason.ASKED).count() == 1


@pytest.mark.parametrize(("wrong", "expected"), [(0, "kept"), (4, "doubtful"), (9, "broken")])
def test_spot_checks_say_whether_the_promise_holds(project, pool, owner, bench, wrong, expected):
    made = accept(project, owner)
    work()
    project.refresh_from_db()
    images = Image.objects.filter(state=State.ACCEPTED)[:50]
    for at, image in enumerate(images):
        bench.answer(image, 1 if at < wrong else 0, strategy="spot_check")
    kept = acceptances.one(project, made.number)
    assert (kept.checks.wrong, kept.checks.checked) == (wrong, 50)
    assert kept.standing_of_promise == expected
    assert kept.standing == 110
    warned = [each.acceptance for each in acceptances.warnings(project)]
    assert warned == ([] if expected == "kept" else [made])
    line = status.line(project)
    assert ("promise" in line.words) == (expected == "broken")


def test_projects_without_acceptances_spend_no_query_on_warnings(
    project, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert acceptances.warnings(project) == []


def test_acceptances_of_merged_labels_follow(project, pool, owner, bench):
    made = accept(project, owner)
    work()
    Label.objects.filter(pk=bench.ids[0]).update(merged_into=bench.ids[1], retired=True)
    image = Image.objects.filter(state=State.ACCEPTED).first()
    bench.answer(image, 1, strategy="spot_check")
    assert acceptances.one(project, made.number).checks.wrong == 0
    assert Acceptance.objects.count() == 1


def test_what_was_accepted_flatters_no_further_acceptance(project, pool, owner):
    """The 40 unsure images are wrong half of the time, as 60 audit images tell. Together with
    the 240 sure ones these are 10 % wrong, but the sure ones are accepted already."""
    accept(project, owner)
    work()
    project.refresh_from_db()
    (part,) = offer_of(project, 0.2).parts
    assert [(rung.n, rung.wrong) for rung in part.rungs] == [(60, 30)]
    assert part.rung is None
