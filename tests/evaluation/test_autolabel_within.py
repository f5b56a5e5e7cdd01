"""Autolabel within a filter of Explore: what it promises, what it pays, and what it accepts."""

import itertools
import math

import pytest

from labeler.evaluation import acceptances, autolabel, within
from labeler.exploring import columns, filters, promised, sieve
from labeler.labeling.answers import Refused
from labeler.labeling.models import Acceptance
from labeler.pools.models import Image, Import
from labeler.training import sureness, versions
from labeler.work.leases import Hopeless
from tests.evaluation.pool_of_model import SURE, scored_pool, work

PRICE = math.log(2 * 5 * 2 * 2)  # one kind of five; one import of two


@pytest.fixture
def pool(bench, project, owner):
    """Import 1 brought every second image of each kind, import 2 the others."""
    for kept in (columns, sieve):
        kept.forget()
    version, _opened = scored_pool(bench)
    sureness.make(version, lambda done, total: None)
    for number in (1, 2):
        made = Import.objects.create(
            project=project, number=number, source="folder", state="done", created_by=owner
        )
        rows = [row for row in range(500) if row % 2 == number - 1]
        Image.objects.filter(project=project, row__in=rows).update(came_with=made)
    return version


def part(project, query):
    given = {k: v.split(",") for k, v in (each.split("=") for each in query.split("&"))}
    return promised.of(project, filters.parsed(given))


def offer_of(project, rate, inside=None):
    wished = autolabel.wish(project, rate)
    return autolabel.of(project, versions.serving(project), wished, inside)


def accept(project, owner, rate, inside):
    wished = autolabel.wish(project, rate)
    return acceptances.accept(project, owner, wished, version=1, inside=inside)


def test_the_bound_is_of_the_audit_images_inside_and_pays_for_the_choice(project, pool):
    inside = part(project, "import=1").inside
    assert inside.price == pytest.approx(PRICE)
    offer = offer_of(project, 0.07, inside)
    (only,) = offer.parts
    assert (offer.audit, only.rung.n, only.rung.wrong) == (150, 120, 0)
    # Two thresholds share what the filter has of the risk.
    assert only.rung.upper == pytest.approx(1 - (0.05 / math.exp(PRICE) / 2) ** (1 / 120))
    assert (offer.images, offer.of) == (80, 100)
    assert all(each["image"].row % 2 == 0 for each in autolabel.look(project, offer))


def test_too_few_inside_says_how_many_more_of_the_pool_would_do(project, pool):
    (only,) = offer_of(project, 0.05, part(project, "import=1").inside).parts
    assert only.rung is None
    fewest = math.ceil(math.log(0.05 / math.exp(PRICE) / 2) / math.log1p(-0.05))
    assert only.more == math.ceil(fewest * 300 / 120) - 300


def test_only_what_is_inside_is_accepted_and_only_that_flatters_no_more(project, pool, owner):
    made = accept(project, owner, 0.07, part(project, "import=1&label=none&order=-row").inside)
    assert work() == 1
    taken = Image.objects.filter(project=project, state="accepted")
    assert (made.within, taken.count()) == ("import=1", 80)
    assert all(row % 2 == 0 for row in taken.values_list("row", flat=True))
    project.refresh_from_db()
    (whole,) = offer_of(project, 0.05).parts
    sure = next(rung for rung in whole.rungs if rung.threshold == SURE)
    assert (sure.n, whole.of) == (120, 120)  # the sure ones of import 2 still count


def test_what_is_inside_does_not_change_with_the_filter(project, pool, owner):
    accept(project, owner, 0.07, part(project, "import=1").inside)
    Image.objects.filter(project=project).update(came_with=Import.objects.get(number=1))
    work()
    assert Image.objects.filter(project=project, state="accepted").count() == 80


def test_without_the_list_of_its_images_nothing_is_accepted(project, pool, owner):
    made = accept(project, owner, 0.07, part(project, "import=1").inside)
    within._path(made).unlink()
    with pytest.raises(Hopeless, match="accept again"):
        work()
    assert not Image.objects.filter(project=project, state="accepted").exists()


@pytest.mark.parametrize(
    "query",
    ["q=leaf", "label=1", "person=1", "state=labeled", "audit=yes", "low=0.5", "cluster=1-1,2-1"],
)
def test_a_filter_without_a_promise_is_refused(project, pool, query):
    with pytest.raises(Refused, match=r"promised|one grouping"):
        part(project, query)


@pytest.mark.parametrize("query", ["label=none", "state=open", "order=margin", "audit=no"])
def test_what_every_acceptance_asks_for_is_no_filter(project, pool, query):
    assert part(project, query).inside is None


def test_the_shares_of_all_filters_sum_up_to_one_at_most():
    shares = [
        math.exp(-promised._set(size, 4))
        for size in range(1, 5) for _ in itertools.combinations(range(4), size)
    ]  # fmt: skip
    assert sum(shares) == pytest.approx(15 / 16)


def test_the_page_offers_and_accepts(client, owner, project, pool):
    client.force_login(owner)
    where = f"/projects/{project.pk}/explore/autolabel"
    page = " ".join(client.get(where, {"import": "1", "tolerated": "7"}).content.decode().split())
    assert "Accept 80 images" in page
    assert "Only within a filter of Explore, 250 images." in page
    sent = {"import": "1", "tolerated": "7", "version": "1"}
    done = client.post(f"{where}/accept", sent, follow=True).content.decode()
    assert "Acceptance 1 is on its way" in done
    assert Acceptance.objects.get().within == "import=1"
    assert "?import=1" in done
    told = client.get(where, {"q": "leaf", "count": "3"}, follow=True)
    assert "No error can be promised" in told.content.decode()
    assert client.get(where).headers["Location"].endswith("/autolabel")


def test_the_api_offers_and_accepts(client, owner, project, pool):
    client.force_login(owner)
    base = f"/api/v1/projects/{project.pk}"
    whole = client.get(f"{base}/autolabel", {"tolerated": "0.07"}).json()
    offer = client.get(f"{base}/autolabel", {"tolerated": "0.07", "query": "import=1"}).json()
    assert (whole["of"], offer["of"], offer["images"]) == (200, 100, 80)
    body = {"tolerated": 0.07, "query": "import=1"}
    made = client.post(f"{base}/acceptances", body, content_type="application/json")
    assert (made.status_code, made.json()["query"]) == (202, "import=1")
    assert Acceptance.objects.get().within == "import=1"
    for query, code in (("q=leaf", "no_promise"), ("low=nonsense", "bad_filter")):
        body = {"tolerated": 0.07, "query": query}
        told = client.post(f"{base}/acceptances", body, content_type="application/json")
        assert (told.status_code, told.json()["code"]) == (422, code)
