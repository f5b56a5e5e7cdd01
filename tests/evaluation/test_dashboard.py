"""The dashboard: what it says of the model, and of whom it says nothing."""

import json
import re

import pytest

from labeler.evaluation import curve
from tests.evaluation.conftest import proba_of
from tests.evaluation.pages import page, text_of
from tests.evaluation.test_report import HEALTHY, RUST, sixty


def test_an_empty_project_says_what_to_do(client, project, admin):
    words = text_of(page(client, admin, "dashboard", project))
    assert "The pool is empty" in words
    assert "Import images" in words


def test_before_the_first_model_the_page_says_when_it_comes(client, project, images, reviewer):
    words = text_of(page(client, reviewer, "dashboard", project))
    assert "No model yet" in words
    assert "The first comes after 10 more labels." in words


def test_too_early_to_say(client, bench, reviewer):
    answered = bench.audit([HEALTHY] * 22)
    bench.images(178)
    said = {"n": 80, "accuracy": 0.7, "low": 0.6, "high": 0.8}
    bench.version(answered, proba_of([HEALTHY] * 22, 3), cross_validated=said)
    response = page(client, reviewer, "dashboard", bench.project)
    words = text_of(response)
    assert "Too early to say" in words
    assert "22 of 200 audit images labeled; a number appears at 50." in words
    assert "Accuracy 70 % (60 % to 80 %), cross-validated on the labels so far" in words
    assert 'class="prev" id="verdict-dot"' in response.content.decode()


def test_the_dashboard_tells_figures_with_their_intervals(client, bench, reviewer):
    _, version = sixty(bench)
    curve.measure(bench.project, version)
    response = page(client, reviewer, "dashboard", bench.project)
    words = text_of(response)
    assert re.search(r"0\.92 macro F1 \(0\.8\d to 0\.9\d\)", words)
    assert "60 images drawn at random, labeled blind, never trained on." in words
    assert "rust 89 80 20" in words
    assert "precision and recall of at least 58 %. It is most often taken for healthy" in words
    assert "Review 6 mistakes" in words
    html = response.content.decode()
    assert 'aria-label="4 images of rust called healthy"' in html
    assert json.loads(re.search(r'id="curve-data"[^>]*>([^<]+)<', html)[1])["labels"] == [100]


def test_too_few_images_of_a_label(client, bench, reviewer):
    truth = [HEALTHY] * 57 + [RUST] * 3
    bench.version(bench.audit(truth), proba_of(truth, 3))
    words = text_of(page(client, reviewer, "dashboard", bench.project))
    assert "Too few to say: 3 audit images have this label; a number appears at 5." in words
    assert "Too few to say: no audit image has this label" in words


def test_how_many_more_audit_labels_say_more(client, bench, reviewer):
    # 20 of 60 are rust, recall 0.8: ±5 points take 242 images of rust, 726 audit labels.
    sixty(bench)
    words = text_of(page(client, reviewer, "dashboard", bench.project))
    found = re.search(
        r"recall of (\w+), to ±([\d.]+) points. ±5 takes about (\d+) more audit labels", words
    )
    assert found[1] == "rust"
    assert float(found[2]) == pytest.approx(100 * (0.9193 - 0.5840) / 2, abs=0.5)
    assert 600 < int(found[3]) < 720
    assert "Every audit image is answered already." in words


def test_more_than_fifteen_labels_show_pairs_instead_of_a_table(client, project, reviewer):
    from labeler.projects.models import Label
    from tests.evaluation.conftest import Bench

    Label.objects.bulk_create(Label(project=project, name=f"l{i}", place=i) for i in range(3, 16))
    bench = Bench(project, reviewer)
    truth = list(range(16)) * 4
    said = [0 if t == 15 else t for t in truth]
    bench.version(bench.audit(truth), proba_of(said, 16))
    response = page(client, reviewer, "dashboard", project)
    assert b'class="cm"' not in response.content
    assert "l15 healthy 4" in text_of(response)


def test_an_annotator_sees_own_work_only(client, bench, annotator, reviewer):
    for image in bench.images(3, audit=False):
        bench.answer(image, HEALTHY, elapsed_ms=2000)
    for image in bench.images(5, audit=False):
        bench.answer(image, RUST, user=reviewer, elapsed_ms=1000)
    words = text_of(page(client, annotator, "dashboard", bench.project))
    assert "3 answers in all, 3 today. Half of your last answers took 2.0 s or less." in words
    assert "macro F1" not in words
    assert "reviewer" not in words


def test_a_reviewer_sees_nobodys_pace_an_admin_does(client, bench, reviewer, admin):
    for image in bench.images(3, audit=False):
        bench.answer(image, HEALTHY, elapsed_ms=4200)
    assert "4.2 s" not in text_of(page(client, reviewer, "dashboard", bench.project))
    assert "4.2 s" in text_of(page(client, admin, "dashboard", bench.project))
