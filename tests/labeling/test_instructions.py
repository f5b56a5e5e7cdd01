"""Instructions: text becomes blocks, never HTML; examples are shown in a chosen order."""

import uuid

import pytest

from labeler.labeling import annotations, examples, instructions
from labeler.labeling.answers import Refused
from labeler.labeling.instructions import Span, blocks, spans
from labeler.labeling.models import Example, Gold
from labeler.projects.models import Label

TEXT = """# What we want
Say **one** thing.
In two lines.

- first
- second
1. then
2) last

See https://example.org/a?b=1."""


class TestBlocks:
    def test_headings_paragraphs_and_lists(self):
        assert [(block.kind, len(block.items)) for block in blocks(TEXT)] == [
            ("heading", 1), ("paragraph", 2), ("bullets", 2), ("numbers", 2), ("paragraph", 1),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("a **b** c", (Span("a "), Span("b", strong=True), Span(" c"))),
            ("**open", (Span("**open"),)),
            ("2 * 3 * 4", (Span("2 * 3 * 4"),)),
            ("(https://a.org/x)", (
                Span("("), Span("https://a.org/x", link="https://a.org/x"), Span(")"))),
            ("https://a.org。次", (Span("https://a.org", link="https://a.org"), Span("。次"))),
            ("javascript:alert(1)", (Span("javascript:alert(1)"),)),
        ],
    )  # fmt: skip
    def test_spans(self, line, found):
        assert spans(line) == found

    @pytest.mark.parametrize("text", ["", "\n\n \n", "-", "#", "**", "a" * 20_000, "- " * 9_000])
    def test_odd_texts_are_read_in_no_time(self, text):
        assert isinstance(blocks(text), list)

    def test_no_word_is_lost(self):
        words = "".join(s.words for b in blocks(TEXT) for item in b.items for s in item)
        for word in ("one", "thing", "first", "second", "then", "last", "example.org/a?b=1"):
            assert word in words


@pytest.mark.django_db
class TestPage:
    @pytest.fixture
    def told(self, project):
        project.instructions = TEXT + "\n\n<script>alert(1)</script> <b>x</b>"
        project.save()
        return project

    def test_escapes_everything(self, client, told, annotator):
        client.force_login(annotator)
        for address in ("instructions", "instructions?part=1"):
            html = client.get(f"/projects/{told.pk}/{address}").content.decode()
            assert "<script>alert" not in html
            assert "&lt;b&gt;x&lt;/b&gt;" in html
            assert "<strong>one</strong>" in html
            assert "<li>first" in html

    def test_new_then_read_then_changed(self, client, told, annotator):
        assert instructions.unseen(told, annotator) == "new"
        client.force_login(annotator)
        label = f"/projects/{told.pk}/label"
        assert 'data-unseen="new"' in client.get(label).content.decode()
        client.post(f"/projects/{told.pk}/instructions/seen")
        annotator.refresh_from_db()
        assert instructions.unseen(told, annotator) == ""
        told.instructions += " More."
        assert instructions.unseen(told, annotator) == "changed"

    def test_nothing_written_nothing_shown(self, client, project, annotator):
        client.force_login(annotator)
        html = client.get(f"/projects/{project.pk}/label").content.decode()
        assert 'data-unseen=""' in html
        assert "data-told aria" not in html

    def test_other_settings_of_the_person_stay(self, told, annotator):
        annotator.settings = {"language": "ja", instructions.SEEN: "nonsense"}
        annotator.save()
        instructions.see(told, annotator)
        annotator.refresh_from_db()
        assert annotator.settings["language"] == "ja"
        assert instructions.unseen(told, annotator) == ""


@pytest.mark.django_db
class TestExamples:
    @pytest.fixture
    def rust(self, project, images, reviewer):
        """The label rust, which a reviewer gave to rows 2 to 6."""
        rust = Label.objects.get(project=project, name="rust")
        for image in images[2:7]:
            annotations.review(
                project=project, user=reviewer, image=image, uuid=uuid.uuid4(), label_ids=[rust.pk]
            )
        return rust

    def order(self, label):
        return [e.image.row for e in Example.objects.filter(label=label).order_by("place", "pk")]

    def test_added_moved_removed(self, project, rust, images):
        assert examples.add(label=rust, image_ids=[i.pk for i in images[2:5]]) == 3
        assert examples.add(label=rust, image_ids=[images[2].pk, images[5].pk]) == 1
        assert self.order(rust) == [2, 3, 4, 5]
        last = Example.objects.get(image=images[5])
        assert examples.move(project, last.pk, -1)
        assert self.order(rust) == [2, 3, 5, 4]
        first = Example.objects.get(image=images[2])
        assert not examples.move(project, first.pk, -1)
        assert examples.remove(project, first.pk)
        assert not examples.remove(project, first.pk)
        assert self.order(rust) == [3, 5, 4]

    def test_audit_and_gold_images_are_never_examples(self, rust, images, reviewer, project):
        Gold.objects.create(project=project, image=images[3], created_by=reviewer)
        for image in (images[0], images[3]):
            with pytest.raises(Refused) as refused:
                examples.add(label=rust, image_ids=[image.pk])
            assert refused.value.code == "blind_image"
        rows = [answer.image.row for answer in examples.candidates(rust)]
        assert rows == [6, 5, 4, 2]

    def test_at_most_twelve(self, rust, images, monkeypatch):
        monkeypatch.setattr(examples, "MOST", 2)
        with pytest.raises(Refused) as refused:
            examples.add(label=rust, image_ids=[i.pk for i in images[2:5]])
        assert refused.value.code == "too_many"
        assert not Example.objects.exists()

    def test_pages_for_reviewers(self, client, project, rust, images, reviewer, annotator):
        client.force_login(reviewer)
        page = f"/projects/{project.pk}/instructions"
        assert client.get(f"{page}/pick?label={rust.pk}").content.count(b'name="image"') == 5
        client.post(f"{page}/pick", {"label": rust.pk, "image": [images[2].pk, images[3].pk]})
        html = client.get(page).content.decode()
        assert html.count("Example of rust") == 2
        example = Example.objects.get(image=images[2])
        sent = {"label": rust.pk, "example": example.pk, "move": "right"}
        client.post(f"{page}/arrange", sent)
        assert self.order(rust) == [3, 2]
        client.force_login(annotator)
        html = client.get(page).content.decode()
        assert html.count("Example of rust") == 2
        assert "Add examples" not in html
