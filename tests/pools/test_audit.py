"""The audit draw: uniform, the same in any order, never smaller once it was used."""

import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.pools import audit
from labeler.pools.models import Image
from labeler.projects.models import Project
from tests.pools.conftest import bring, pictures


def sha(n: int) -> str:
    return hashlib.sha256(str(n).encode()).hexdigest()


def project_of(seed: int, target: int = 400) -> Project:
    return Project(audit_seed=seed, audit_target=target)


@given(seed=st.integers(0, 2**62), rate=st.floats(0.05, 0.25))
def test_every_image_has_the_same_chance(seed, rate):
    drawn = sum(audit.key_of(project_of(seed), sha(n)) < rate for n in range(2000))
    spread = math.sqrt(2000 * rate * (1 - rate))
    assert abs(drawn - 2000 * rate) < 6 * spread


@given(seed=st.integers(0, 2**62), n=st.integers(0, 10**9))
def test_a_key_is_below_one_and_depends_on_project_and_bytes_alone(seed, n):
    key = audit.key_of(project_of(seed), sha(n))
    assert 0 <= key < 1
    assert key == audit.key_of(project_of(seed), sha(n))
    assert key != audit.key_of(project_of(seed + 1), sha(n))


@given(target=st.integers(0, 5000), images=st.integers(0, 10**7))
def test_the_rate_is_at_most_a_quarter(target, images):
    rate = audit.rate_for(project_of(1, target), images)
    assert 0 <= rate <= 0.25
    assert rate * images <= target + 1e-6


def drawn(project: Project) -> set[str]:
    return set(Image.objects.filter(project=project, audit=True).values_list("sha256", flat=True))


@pytest.mark.parametrize("order", ["forward", "backward", "in two imports"])
def test_the_draw_does_not_depend_on_the_order_of_import(project, admin, order):
    files = pictures(60)
    if order == "in two imports":
        bring(project, admin, files[45:])
        bring(project, admin, files[:45])
    else:
        bring(project, admin, files if order == "forward" else files[::-1])
    project.refresh_from_db()
    expected = {
        image.sha256
        for image in Image.objects.filter(project=project)
        if audit.key_of(project, image.sha256) < project.audit_rate
    }
    assert project.audit_rate == 0.25
    assert drawn(project) == expected
    assert 0 < len(expected) < 60


def test_the_rate_falls_with_the_pool_while_nothing_was_answered(project, admin):
    Project.objects.filter(pk=project.pk).update(audit_target=10)
    bring(project, admin, pictures(20))
    before = drawn(project)
    bring(project, admin, pictures(80, start=20))
    project.refresh_from_db()
    assert project.audit_rate == pytest.approx(0.1)
    assert len(before & drawn(project)) < len(before), "some left the sample"


def test_the_rate_never_falls_once_an_audit_image_was_answered(project, admin):
    Project.objects.filter(pk=project.pk).update(audit_target=10)
    bring(project, admin, pictures(20))
    before = drawn(project)
    Image.objects.filter(sha256=min(before)).update(state=Image.State.LABELED)
    bring(project, admin, pictures(80, start=20))
    project.refresh_from_db()
    assert project.audit_rate == 0.25
    assert before <= drawn(project)


def test_a_raised_rate_leaves_out_what_was_answered_outside_the_sample(project, images):
    project.audit_rate = 0.5
    Image.objects.filter(pk=images[3].pk).update(state=Image.State.LABELED)
    assert audit.extend_draw(project) == 4
    audited = Image.objects.filter(project=project, audit=True)
    assert list(audited.order_by("row").values_list("row", flat=True)) == [0, 1, 2, 4]
