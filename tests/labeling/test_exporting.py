"""Exports: every standing answer once, with its why; nothing a spreadsheet would run."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from labeler.labeling import annotations, exporting, queue
from labeler.pools.models import Image
from labeler.projects.models import Label


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
    with django_assert_max_num_queries(3):
        list(lines)


def test_the_page_downloads_a_file(client, answered, reviewer):
    client.force_login(reviewer)
    url = reverse("export", args=[answered.pk])
    assert "3 answers in this project" in client.get(url).content.decode()
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
    assert json.loads(capsys.readouterr().out)["answers"] == 3
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
