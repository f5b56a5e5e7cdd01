"""The page of numbers: what it says, whom it lets in, and what it costs."""

import re

import numpy as np
import pytest

from labeler.evaluation import curve
from labeler.projects.models import Label, Project
from tests.evaluation.conftest import Bench, proba_of
from tests.evaluation.pages import page, text_of
from tests.evaluation.test_report import HEALTHY, MILDEW, RUST, sixty
from tests.evaluation.test_test_set import believe, split_of


def test_without_a_model_it_says_when_one_comes(client, project, reviewer):
    words = text_of(page(client, reviewer, "numbers", project))
    assert "No model yet" in words
    assert "nothing is known of the pool" not in words


def test_every_figure_has_its_interval(client, bench, reviewer):
    sixty(bench)
    words = text_of(page(client, reviewer, "numbers", bench.project))
    assert "Numbers of version 1" in words
    assert re.search(r"micro: all decisions pooled 90 \(80 to 95\)", words)
    # rust: precision 16 of 18, recall 16 of 20
    assert re.search(r"rust 89 \(67 to 97\) 80 \(58 to 92\) 84 \(", words)
    assert "Expected calibration error" in words
    assert "test split" not in words.casefold()


def test_the_worst_label_can_come_first(client, bench, reviewer):
    sixty(bench)
    html = page(client, reviewer, "numbers", bench.project, sort="lowest").content.decode()
    table = html[html.index("audit-each-h") :]
    assert table.index(">rust<") < table.index(">healthy<")


def test_too_few_images_say_so(client, bench, reviewer):
    truth = [HEALTHY] * 57 + [RUST] * 3
    bench.version(bench.audit(truth), proba_of(truth, 3))
    words = text_of(page(client, reviewer, "numbers", bench.project))
    assert "Too few to say: 3 images; a number appears at 5." in words


def test_the_matrix_puts_confused_labels_together_and_opens_its_images(client, bench, reviewer):
    truth = [HEALTHY] * 20 + [RUST] * 20 + [MILDEW] * 20
    said = [HEALTHY] * 14 + [MILDEW] * 6 + [RUST] * 20 + [MILDEW] * 20
    bench.version(bench.audit(truth), proba_of(said, 3))
    html = page(client, reviewer, "numbers", bench.project).content.decode()
    matrix = html[html.index('<table class="matrix">') :]
    heads = re.findall(r'<th scope="col" title="(\w+)">', matrix)
    assert heads == ["healthy", "mildew", "rust"]
    cell = f"truth={bench.labels[HEALTHY].pk}&amp;predicted={bench.labels[MILDEW].pk}"
    assert re.search(cell + r'">6<', matrix)
    shares = page(client, reviewer, "numbers", bench.project, shares="rows").content.decode()
    assert re.search(cell + r'">30<', shares)  # 6 of 20
    columns = page(client, reviewer, "numbers", bench.project, shares="columns").content.decode()
    assert re.search(cell + r'">23<', columns)  # 6 of 26


def test_three_hundred_labels_show_pairs_first_and_the_matrix_on_request(client, project, reviewer):
    Label.objects.bulk_create(
        Label(project=project, name=f"label {i}", place=i) for i in range(3, 300)
    )
    bench = Bench(project, reviewer)
    truth = list(range(300)) * 2
    said = [place if n % 7 else (place + 1) % 300 for n, place in enumerate(truth)]
    bench.version(bench.audit(truth), proba_of(said, 300))
    first = page(client, reviewer, "numbers", project)
    assert b"large-matrix" not in first.content
    assert "Show the whole matrix" in text_of(first)
    assert first.content.count(b'<table class="table pairs">') == 1
    whole = page(client, reviewer, "numbers", project, matrix="full").content.decode()
    assert whole.count('<th scope="row" title="label') >= 297
    body = whole[whole.index("large-matrix") : whole.index("</table>", whole.index("large-matrix"))]
    for row in re.findall(r"<tr>.*?</tr>", body, flags=re.S)[1:]:
        spans = sum(int(n) for n in re.findall(r'colspan="(\d+)"', row))
        assert spans + len(re.findall(r'<td class="[de]', row)) == 300


def test_several_labels_per_image_tell_what_was_given_instead(client, multi_bench, reviewer):
    bench = multi_bench
    images = bench.audit([(HEALTHY,)] * 30 + [(RUST,)] * 20 + [()] * 10)
    proba = np.full((60, 3), 0.1)
    proba[:25, HEALTHY] = proba[25:30, MILDEW] = proba[30:48, RUST] = 0.9
    bench.version(images, proba)
    response = page(client, reviewer, "numbers", bench.project)
    words = text_of(response)
    assert "What is given instead of what is missed" in words
    assert "healthy mildew 5" in words
    assert "rust nothing instead 2" in words
    healthy, _, mildew = bench.ids
    assert f"?truth={healthy}&amp;predicted={mildew}" in response.content.decode()
    assert "each label of each image is a claim" in words


def test_yes_and_no(client, project, annotator, reviewer):
    Label.objects.filter(project=project, place=2).delete()
    project.kind = Project.Kind.YES_NO
    project.save()
    bench = Bench(project, annotator)
    truth = [0] * 30 + [1] * 30
    bench.version(bench.audit(truth), proba_of(truth, 2))
    words = text_of(page(client, reviewer, "numbers", project))
    assert "macro: every label counts the same 100 (" in words
    assert "No mistake on the audit sample." in words


def test_the_test_split_stands_apart(client, bench, reviewer):
    _, version = sixty(bench)
    images = split_of(bench, [RUST] * 6 + [MILDEW] * 5)
    believe(version, images, [RUST] * 11)
    words = text_of(page(client, reviewer, "numbers", bench.project))
    _, apart = words.split("Test split", 1)
    assert "not the audit sample 11 images" in apart
    assert "60 images" not in apart


def test_an_earlier_version_and_an_earlier_time(client, bench, reviewer):
    images, _ = sixty(bench)
    bench.version(images, proba_of([RUST] * 60, 3))
    words = text_of(page(client, reviewer, "numbers", bench.project, version=1))
    assert "Numbers of version 1" in words
    assert "micro: all decisions pooled 90" in words
    then = text_of(page(client, reviewer, "numbers", bench.project, version=1, as_of=5))
    assert "With the audit answers as they stood when answer 5 was the newest." in then
    missing = page(client, reviewer, "numbers", bench.project, version=9)
    assert missing.status_code == 404


@pytest.mark.parametrize("wanted", ["0", "-3", "many", "", "60", "1" * 30])
def test_a_margin_that_is_none_is_refused_with_what_to_do(client, bench, reviewer, wanted):
    sixty(bench)
    words = text_of(page(client, reviewer, "numbers", bench.project, margin=wanted))
    assert "Type a whole number of images, from 1 to 29." in words


def test_a_margin_says_how_many_answers_it_takes(client, bench, reviewer):
    sixty(bench)
    bench.images(940, audit=False)
    words = text_of(page(client, reviewer, "numbers", bench.project, margin="40"))
    assert re.search(r"to ±40 images takes (\d+) audit answers in all, (\d+) more", words)


@pytest.mark.parametrize("query", [{"sort": "x"}, {"shares": "x"}, {"as_of": "x"}, {"matrix": "x"}])
def test_nonsense_in_the_address_changes_nothing(client, bench, reviewer, query):
    sixty(bench)
    assert page(client, reviewer, "numbers", bench.project, **query).status_code == 200


def test_annotators_are_kept_out(client, project, annotator):
    assert page(client, annotator, "numbers", project).status_code == 403


def test_more_labels_and_images_cost_no_more_queries(
    client, bench, reviewer, django_assert_max_num_queries
):
    sixty(bench)
    page(client, reviewer, "numbers", bench.project)
    with django_assert_max_num_queries(30):
        page(client, reviewer, "numbers", bench.project)


def test_the_api_tells_all_of_it(client, bench, reviewer):
    sixty(bench)
    client.force_login(reviewer)
    told = client.get(f"/api/v1/projects/{bench.project.pk}/metrics").json()
    assert told["overall"]["weighted"]["precision"]["low"] > 0.7
    assert told["still_unlabeled"]["answered"] == 60
    assert told["calibration"]["error"]["value"] == pytest.approx(0.1)  # 80 % sure, 90 % right
    assert told["confused"]["pairs"][0]["images"] == 4
    assert told["test_split"] is None
    then = client.get(f"/api/v1/projects/{bench.project.pk}/metrics?as_of=0").json()
    assert then["audit_labels"] == 0
    bad = client.get(f"/api/v1/projects/{bench.project.pk}/metrics?as_of=-1")
    assert bad.status_code in (400, 422)


def test_what_the_curve_shows_is_told_with_the_thresholds_of_its_time(client, bench, reviewer):
    _, version = sixty(bench)
    score = curve.measure(bench.project, version)
    version.thresholds = {str(bench.labels[RUST].pk): 0.99}
    version.save()
    today = text_of(page(client, reviewer, "numbers", bench.project))
    assert "at the saved thresholds" in today
    assert "As the curve shows it" in today
    then = page(client, reviewer, "numbers", bench.project, version=1, as_of=score.seen_annotation)
    assert "likeliest label" in text_of(then)
    assert re.search(r"rust 89 \(67 to 97\) 80 \(58 to 92\)", text_of(then))
