"""Exports: every standing answer once, with its why; nothing a spreadsheet would run."""

import csv
import io
import json
from typing import get_args
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from labeler.api.exports import Wanted
from labeler.formats import registry
from labeler.labeling import annotations, exporting, queue
from labeler.pools.models import Image
from labeler.projects.models import Label, User
from tests.evaluation.conftest import Bench


@pytest.fixture
def answered(ranked, annotator, reviewer, answer):
    """Two labels, a skip and an undone answer."""
    ranked.audit_share = 0
    items = queue.claim(project=ranked, user=annotator, count=4)
    answer(annotator, items[0], "rust", elapsed_ms=640)
    answer(annotator, items[1], "mildew")
    answer(annotator, items[2], skip="broken")
    undone = answer(annotator, items[3], "rust")
    annotations.undo(project=ranked, user=annotator, uuid=undone.annotation.uuid)
    return ranked


def table(project):
    return list(csv.DictReader(io.StringIO("".join(exporting.csv_lines(project)))))


def test_csv_holds_every_standing_answer_with_its_why(answered):
    rows = {row["name"]: row for row in table(answered)}
    assert sorted(rows) == ["leaf-7.png", "leaf-8.png", "leaf-9.png"]
    best = rows["leaf-9.png"]
    assert (best["labels"], best["annotator"], best["elapsed_ms"]) == ("rust", "annotator", "640")
    assert (best["strategy"], best["score"], best["rank"]) == ("margin", "0.9", "0")
    assert (best["model_version"], best["audit"], best["suggestion_shown"]) == ("3", "no", "yes")
    assert rows["leaf-7.png"]["skip"] == "broken"
    assert rows["leaf-7.png"]["labels"] == ""


def test_json_lines_hold_the_same_rows(answered):
    rows = [json.loads(line) for line in exporting.jsonl_lines(answered)]
    assert [row["labels"] for row in rows] == [[], ["mildew"], ["rust"]]
    assert rows[0]["skip"] == "broken"
    assert rows[2]["audit"] is False
    assert len(rows[2]["sha256"]) == 64


@pytest.mark.parametrize("nasty", ['=cmd|"/c calc"!A1', "+1", "-1", "@x", "\tx", "\rx", '"a","b"'])
def test_a_spreadsheet_runs_nothing(answered, nasty):
    Image.objects.filter(name="leaf-9.png").update(name=nasty)
    Label.objects.filter(name="rust").update(name=nasty)
    row = next(r for r in table(answered) if nasty in r["name"])
    literal = nasty.startswith('"')
    assert row["name"] == (nasty if literal else f"'{nasty}")
    assert row["labels"] == (nasty if literal else f"'{nasty}")
    rows = [json.loads(line) for line in exporting.jsonl_lines(answered)]
    assert nasty in {r["name"] for r in rows}, "JSON keeps it literally"


def test_it_is_streamed_and_reads_in_chunks(answered, django_assert_max_num_queries):
    lines = exporting.csv_lines(answered)
    assert next(lines).startswith("image,labels,")
    with django_assert_max_num_queries(5):
        list(lines)


def test_the_page_downloads_a_file(client, answered, reviewer):
    client.force_login(reviewer)
    url = reverse("export", args=[answered.pk])
    assert "3 answers" in client.get(url).content.decode()
    response = client.post(url, {"format": "jsonl"})
    assert response["Content-Disposition"].endswith('.jsonl"')
    assert len(b"".join(response.streaming_content).splitlines()) == 3


def test_an_unknown_format_is_explained(client, answered, reviewer):
    client.force_login(reviewer)
    response = client.post(reverse("export", args=[answered.pk]), {"format": "xls"})
    assert response.status_code == 422
    assert "Choose one of the formats below." in response.content.decode()


def test_annotators_do_not_export(client, answered, annotator):
    client.force_login(annotator)
    assert client.post(reverse("export", args=[answered.pk])).status_code == 403


def test_an_empty_project_exports_its_header(project):
    assert len(list(exporting.csv_lines(project))) == 1


def test_the_command_writes_a_whole_file(answered, tmp_path, capsys):
    path = tmp_path / "out.csv"
    call_command("export", "Leaves", "--format", "csv", "--to", str(path), "--json")
    assert json.loads(capsys.readouterr().out)["entries"] == 3
    assert len(path.read_text().splitlines()) == 4
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


@pytest.mark.parametrize(
    ("project_name", "to", "words"),
    [
        ("Nowhere", "out.csv", "There is no project 'Nowhere'"),
        ("Leaves", "missing/out.csv", "cannot be written"),
        ("Leaves", ".", "cannot be written"),
    ],
)
def test_the_command_says_what_is_wrong(answered, tmp_path, project_name, to, words):
    with pytest.raises(CommandError, match=words):
        call_command("export", project_name, "--to", str(tmp_path / to), "--json")


def test_one_row_per_image_says_what_people_agree_on(project, people, reviewer, labels):
    bench = Bench(project, people(1)[0])
    ann, ben = bench.user, reviewer
    agreed, apart, settled = bench.images(3, audit=False)
    for image, places in ((agreed, (1, 1)), (apart, (1, 2)), (settled, (1, 2))):
        bench.answer(image, places[0], user=ann)
        bench.answer(image, places[1], user=ben)
    bench.answer(agreed, 2, user=User.objects.get(username="owner"), gold=True)
    annotations.review(
        project=project, user=reviewer, image=settled, uuid=uuid4(), label_ids=[labels["mildew"]]
    )
    found = [json.loads(line) for line in exporting.FORMATS["images.jsonl"].lines(project)]
    told = [
        (row["name"], row["labels"], row["agreed"], row["answers"], row["equal"]) for row in found
    ]
    assert told == [
        (agreed.name, ["rust"], True, 2, 2),
        (apart.name, [], False, 2, 0),
        (settled.name, ["mildew"], True, 1, 1),
    ]
    assert [row["reviewed"] for row in found] == [False, False, True]
    lines = list(exporting.FORMATS["images.csv"].lines(project))
    assert lines[0].startswith("image,labels,agreed,name")
    assert ",,no,leaf-1.png," in lines[2]


@pytest.mark.parametrize("key", list(registry.WRITTEN))
def test_other_tools_get_an_entry_per_image(answered, key):
    text = "".join(exporting.FORMATS[key].lines(answered))
    told = list(registry.FORMATS[key].read(io.BytesIO(text.encode())))
    names = {record.path.removesuffix(".png"): record.labels for record in told}
    assert names == {"leaf-8": ("mildew",), "leaf-9": ("rust",)}, "the skipped image has no label"


def test_a_format_of_one_label_is_no_choice_where_there_are_several(answered):
    keys = {format.key for format in exporting.formats(answered)}
    answered.kind = "multi"
    assert keys - {format.key for format in exporting.formats(answered)} == {
        "huggingface-csv", "imagefolder", "yolo",
    }  # fmt: skip


def test_the_api_names_every_format():
    assert set(get_args(Wanted.model_fields["format"].annotation)) == set(exporting.FORMATS)
