"""Any story of claims, answers, undos, refills and expiries, against a model of four lines."""

import random
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from labeler.labeling import annotations, consensus, queue, refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Label, Project, User

PEOPLE, IMAGES = 3, 8
person = st.integers(0, PEOPLE - 1)


class Story(RuleBasedStateMachine):
    """`said` is the model: what each image's answer is and by whom; `held` who may hold what."""

    def __init__(self):
        super().__init__()
        queue.CHANCE = random.Random(0)  # hypothesis must be able to tell the same story twice
        owner = User.objects.create_user(f"owner-{uuid4()}")
        self.project = Project.objects.create(name="Story", audit_seed=1, created_by=owner)
        self.labels = [
            Label.objects.create(project=self.project, name=name, place=place)
            for place, name in enumerate(["rust", "mildew"])
        ]
        self.users = [User.objects.create_user(f"person-{uuid4()}") for _ in range(PEOPLE)]
        Image.objects.bulk_create(
            Image(
                project=self.project, row=row, sha256=f"{row:064x}", name=f"{row}", width=9,
                height=9, format="PNG", bytes=9, key=row / IMAGES, audit=row == 0,
            )
            for row in range(IMAGES)
        )  # fmt: skip
        refill.top_up(self.project)
        self.said: dict[int, tuple[int, int]] = {}  # image → (person, label)
        self.answers: dict[int, tuple[int, object]] = {}  # image → (person, uuid)
        self.seen: dict[int, QueueItem] = {}  # item id → item that somebody was shown

    @rule(who=person, count=st.integers(1, 3))
    def claim(self, who, count):
        items = queue.claim(project=self.project, user=self.users[who], count=count)
        assert len({item.image_id for item in items}) == len(items)
        for item in items:
            assert item.image_id not in self.said, "an answered image is not asked again"
            self.seen[item.pk] = item

    @precondition(lambda self: self.seen)
    @rule(who=person, label=st.integers(0, 1), data=st.data(), twice=st.booleans())
    def answer(self, who, label, data, twice):
        seen = sorted(self.seen.values(), key=lambda item: (item.image.row, item.pk))
        item = seen[data.draw(st.integers(0, len(seen) - 1))]
        holder = self.holder(item.image_id)
        sent = {"uuid": str(uuid4()), "item": item.pk, "labels": [self.labels[label].pk]}
        outcome = self.record(who, sent)
        before = self.said.get(item.image_id)
        allowed = before[0] == who if before else holder in (None, who)
        assert (outcome.code == "created") == allowed, (outcome, before, holder)
        if allowed:
            self.said[item.image_id] = (who, self.labels[label].pk)
            self.answers[item.image_id] = (who, outcome.annotation.uuid)
            if twice:
                assert self.record(who, sent).code == "replayed"

    def record(self, who, sent):
        user = self.users[who]
        return annotations.record(project=self.project, user=user, answers=[sent])[0]

    def holder(self, image):
        item = QueueItem.objects.filter(queue.HELD, image=image, done_at=None).first()
        return self.users.index(item.claimed_by) if item else None

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def undo(self, data):
        image = sorted(self.answers)[data.draw(st.integers(0, len(self.answers) - 1))]
        who, uuid = self.answers.pop(image)
        user = self.users[who]
        outcome = annotations.undo(project=self.project, user=user, uuid=uuid)
        assert outcome.code == "created"
        assert outcome.item.image_id == image
        del self.said[image]
        assert self.holder(image) == who, "who takes back holds the image again"

    @rule(who=person)
    def time_passes(self, who):
        held = QueueItem.objects.filter(claimed_by=self.users[who], done_at=None)
        held.update(claimed_until="2001-01-01T00:00:00Z")

    @rule(order=st.permutations(range(1, IMAGES)))
    def a_round_ends(self, order):
        pks = dict(Image.objects.filter(project=self.project).values_list("row", "pk"))
        rows = [refill.Ranked(pks[row], 0.5) for row in order]
        refill.replace(self.project, rows, strategy="margin", version=1)

    @invariant()
    def what_was_said_is_what_is_stored(self):
        current = Annotation.objects.filter(project=self.project, current=True)
        stored = {a.image_id: (self.users.index(a.user), a.labels.get().pk) for a in current}
        assert stored == self.said
        labeled = Image.objects.filter(project=self.project, state="labeled")
        assert set(labeled.values_list("pk", flat=True)) == set(self.said)
        taught = consensus.training_answers(self.project)
        asked_blind = consensus.audit_answers(self.project)
        assert len(taught) + len(asked_blind) == len(self.said)

    @invariant()
    def nobody_is_asked_the_same_by_two_items(self):
        waiting = QueueItem.objects.filter(project=self.project, done_at=None)
        images = list(waiting.values_list("image", flat=True))
        assert len(images) == len(set(images))

    def teardown(self):
        """From any state the project can be finished."""
        for who, user in enumerate(self.users):
            for item in queue.claim(project=self.project, user=user, count=50):
                sent = {"uuid": str(uuid4()), "item": item.pk, "labels": [self.labels[0].pk]}
                assert self.record(who, sent).code == "created"
            assert queue.claim(project=self.project, user=user) == []
        images = Image.objects.filter(project=self.project)
        assert set(images.values_list("state", flat=True)) == {"labeled"}


class StoryTests(Story.TestCase, TestCase):
    def tearDown(self):
        queue.CHANCE = random.SystemRandom()

    settings = settings(
        max_examples=20, stateful_step_count=25, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
