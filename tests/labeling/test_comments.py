"""Comments: who may read them, whom they name, and that none is stored twice."""

import uuid

import pytest

from labeler.labeling import comments, mentions
from labeler.labeling.answers import Refused
from labeler.labeling.models import Comment, Mention
from labeler.projects.models import Membership, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def say(project):
    def say(user, image, text, key=None):
        return comments.add(
            project=project, user=user, image_id=image.pk, uuid=key or uuid.uuid4(), text=text
        )

    return say


class TestAdding:
    def test_the_same_comment_twice_is_one_row_and_tells_once(
        self, say, images, annotator, reviewer
    ):
        key = uuid.uuid4()
        first, made = say(annotator, images[3], "Rust, @reviewer?", key)
        again, made_again = say(annotator, images[3], "Rust, @reviewer?", key)
        assert (made, made_again) == (True, False)
        assert first.pk == again.pk
        assert Mention.objects.count() == 1
        assert mentions.unread(reviewer) == 1

    def test_a_uuid_is_not_used_for_another_comment(self, say, images, annotator, reviewer):
        key = uuid.uuid4()
        say(annotator, images[3], "Rust?", key)
        for user, image, text in (
            (annotator, images[3], "Mildew?"),
            (annotator, images[4], "Rust?"),
            (reviewer, images[3], "Rust?"),
        ):
            with pytest.raises(Refused) as refused:
                say(user, image, text, key)
            assert refused.value.code == "conflict"
        assert Comment.objects.count() == 1

    @pytest.mark.parametrize(
        ("text", "code"), [("", "no_text"), (" \n\t ", "no_text"), ("x" * 2001, "too_long")]
    )
    def test_bad_text_is_refused_with_a_remedy(self, say, images, annotator, text, code):
        with pytest.raises(Refused) as refused:
            say(annotator, images[3], text)
        assert refused.value.code == code
        assert not Comment.objects.exists()

    def test_unseen_characters_go_and_lines_stay(self, say, images, annotator):
        comment, _ = say(annotator, images[3], " one\r\ntwo\x00\u202e ")
        assert comment.text == "one\ntwo"

    def test_an_image_of_another_project_is_unknown(self, say, images, annotator):
        images[3].pk = 10**9
        with pytest.raises(Refused) as refused:
            say(annotator, images[3], "Here?")
        assert refused.value.status == 404


class TestNames:
    NAMES = ["anna", "anna.b", "sam@lab.org", "Björn"]

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("@anna look", ["anna"]),
            ("@anna.b and @anna.", ["anna.b", "anna"]),
            ("(@ANNA)", ["anna"]),
            ("@annabel", []),
            ("mail@anna.org", []),
            ("@annaさん、どうですか", ["anna"]),
            ("ask @sam@lab.org, @björn!", ["sam@lab.org", "Björn"]),
            ("@ anna", []),
        ],
    )
    def test_names_are_found_whole(self, text, named):
        cut = mentions.parts(text, self.NAMES)
        assert [name for _, name in cut if name] == named
        assert "".join(words for words, _ in cut) == text

    def test_only_members_are_told_and_never_oneself(
        self, say, images, annotator, reviewer, outsider, owner
    ):
        text = "@annotator @reviewer @reviewer @outsider @owner"
        comment, _ = say(annotator, images[3], text)
        told = set(comment.mentions.values_list("user__username", flat=True))
        assert told == {"reviewer", "owner"}

    def test_reviewers_and_admins_are_suggested(self, project, annotator, reviewer, admin, owner):
        names = [each["name"] for each in mentions.suggested(project, admin)]
        assert names == ["owner", "reviewer"]

    def test_seen_is_unread_no_more(self, say, images, annotator, reviewer):
        say(annotator, images[3], "@reviewer one")
        say(annotator, images[4], "@reviewer two")
        newest = mentions.of_user(reviewer).first()
        assert mentions.see(reviewer, [newest.pk]) == 1
        assert mentions.unread(reviewer) == 1
        assert mentions.see(annotator) == 0
        assert mentions.see(reviewer) == 1
        assert mentions.unread(reviewer) == 0

    def test_who_left_the_project_has_no_news_of_it(self, say, images, annotator, reviewer):
        say(annotator, images[3], "@reviewer")
        Membership.objects.filter(user=reviewer).delete()
        assert mentions.unread(reviewer) == 0


class TestReading:
    def test_others_comments_wait_for_ones_own_answer(
        self, say, ranked, images, annotator, reviewer, people, answer
    ):
        (other,) = people(1)
        say(other, images[9], "This is rust.")
        assert comments.on_image(images[9], annotator) == ([], 1)
        item = images[9].queueitem_set.get()
        assert answer(annotator, item, "rust").stored
        shown, hidden = comments.on_image(images[9], annotator)
        assert ([each.text for each in shown], hidden) == (["This is rust."], 0)

    def test_who_wrote_or_is_named_reads_the_whole_talk(self, say, images, annotator, people):
        asked, third = people(2)
        say(annotator, images[4], "What is it, @person0?")
        say(third, images[4], "Mildew.")
        for user, number in ((annotator, 2), (asked, 2), (third, 2)):
            assert len(comments.on_image(images[4], user)[0]) == number

    def test_reviewers_read_all_in_review(self, say, images, annotator, reviewer):
        say(annotator, images[4], "What is it?")
        assert comments.on_image(images[4], reviewer, may_review=True)[1] == 0
        assert comments.on_image(images[4], reviewer)[1] == 1  # on the Label page: after the answer


class TestResolving:
    def test_writers_and_reviewers_resolve_others_do_not(
        self, say, project, images, annotator, reviewer, people
    ):
        comment, _ = say(annotator, images[4], "What is it, @person0?")
        (other,) = people(1)
        for user, may_review, code in ((other, False, "unknown_comment"),):
            with pytest.raises(Refused) as refused:
                comments.resolve(
                    project=project, user=user, uuid=comment.uuid, may_review=may_review
                )
            assert refused.value.code == code
        done = comments.resolve(project=project, user=annotator, uuid=comment.uuid)
        assert (done.resolved_by, comments.open_count(project)) == (annotator, 0)
        again = comments.resolve(
            project=project, user=reviewer, uuid=comment.uuid, done=False, may_review=True
        )
        assert (again.resolved_at, comments.open_count(project)) == (None, 1)

    def test_resolving_twice_keeps_who_did_it_first(self, say, project, images, annotator, owner):
        comment, _ = say(annotator, images[4], "What is it?")
        comments.resolve(project=project, user=annotator, uuid=comment.uuid)
        twice = comments.resolve(project=project, user=owner, uuid=comment.uuid, may_review=True)
        assert twice.resolved_by == annotator


def test_the_page_prints_text_never_html(client, say, project, images, reviewer, annotator):
    say(annotator, images[3], "<script>alert(1)</script> @reviewer <b>")
    client.force_login(reviewer)
    for path in ("comments?show=all", f"images/{images[3].pk}"):
        html = client.get(f"/projects/{project.pk}/{path}").content.decode()
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert '<b class="at">@reviewer</b>' in html


def test_the_header_counts_what_is_new(client, say, project, images, reviewer, annotator):
    say(annotator, images[3], "@reviewer look")
    client.force_login(reviewer)
    before = client.get("/").content.decode()
    assert "data-unread>1<" in before
    assert client.get("/me/mentions").status_code == 200
    assert mentions.unread(reviewer) == 1  # looking changes nothing by itself
    client.post("/me/mentions/seen")
    assert mentions.unread(reviewer) == 0


def test_a_refused_comment_comes_back_to_its_writer(client, project, images, annotator):
    client.force_login(annotator)
    address = f"/projects/{project.pk}/images/{images[3].pk}"
    client.post(f"{address}/comment", {"uuid": str(uuid.uuid4()), "text": "long " * 500})
    html = client.get(address).content.decode()
    assert "Shorten this to 2,000 characters" in html
    assert "long long long" in html


def test_a_user_who_is_gone_is_not_told(say, images, annotator, reviewer):
    User.objects.filter(pk=reviewer.pk).update(is_active=False)
    comment, _ = say(annotator, images[3], "@reviewer")
    assert not comment.mentions.exists()
