"""What waits for an answer, and the answers."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from labeler.pools.models import Image
from labeler.projects.models import Label, Project


class QueueItem(models.Model):
    """An image that waits for a person. Rank 0 is asked first.

    It remembers why it was asked: strategy, score, rank, model version, audit or not. `beliefs`
    holds the model's probabilities at that time as {label id: p}; empty without a model and
    on audit images.
    """

    project = models.ForeignKey(Project, models.CASCADE)
    image = models.ForeignKey(Image, models.CASCADE)
    slot = models.PositiveSmallIntegerField(default=0)  # 0 … overlap-1
    rank = models.PositiveIntegerField()
    strategy = models.CharField(max_length=40)  # "random", "clusters", "margin", …, "audit"
    score = models.FloatField(null=True, blank=True)
    version = models.PositiveIntegerField(null=True, blank=True)  # the model version's number
    audit = models.BooleanField(default=False)
    gold = models.BooleanField(default=False)  # asked to check the person: the answer is known
    predicted = models.ForeignKey(Label, models.SET_NULL, null=True, blank=True, related_name="+")
    confidence = models.FloatField(null=True, blank=True)  # of `predicted`, in [0, 1]; for the grid
    beliefs = models.JSONField(default=dict, blank=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)  # when an undo put it back
    done_at = models.DateTimeField(null=True, blank=True)  # answered, or withdrawn by a refill
    # A second look: who wished for it, and so is not asked.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["image", "slot"],
                condition=Q(done_at=None),
                name="queueitem_open_once_per_image_and_slot",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by=None, claimed_until=None)
                | Q(claimed_by__isnull=False, claimed_until__isnull=False)
                | Q(done_at__isnull=False),
                name="queueitem_claim_has_who_and_until",
            ),
        ]
        indexes = [
            models.Index(
                fields=["project", "audit", "rank"],
                condition=Q(done_at=None),
                name="queueitem_next",
            ),
            models.Index(
                fields=["claimed_by", "project"],
                condition=Q(done_at=None),
                name="queueitem_held",
            ),
            models.Index(
                fields=["project", "predicted", "-confidence"],
                condition=Q(done_at=None, predicted__isnull=False),
                name="queueitem_grid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image}, rank {self.rank}"

    @property
    def blind(self) -> bool:
        """Whether it measures something: no suggestion is shown, and all such items read alike."""
        return self.audit or self.gold or self.strategy == "spot_check"


class Annotation(models.Model):
    """One person's answer on one image. Rows are never changed but for `current`.

    A change of mind, an undo or a review is a new row that supersedes the old one.
    """

    class Kind(models.TextChoices):
        LABELS = "labels"  # one label, several, or (multi) none of them
        SKIP = "skip"
        UNDO = "undo"  # takes back the row it supersedes

    class Skip(models.TextChoices):
        UNSURE = "unsure"
        NOT_APPLICABLE = "not_applicable"
        BROKEN = "broken"

    class Source(models.TextChoices):
        QUEUE = "queue"  # asked, answered
        GRID = "grid"  # confirmed or changed among many on one page
        REVIEW = "review"  # mended by a reviewer
        IMPORT = "import"  # came along with the images
        SIMULATED = "simulated"
        EXPLORE = "explore"  # many images labeled together: a cluster, a lasso, look-alikes

    uuid = models.UUIDField(unique=True)  # made by the client: the same answer twice is one row
    project = models.ForeignKey(Project, models.CASCADE)
    image = models.ForeignKey(Image, models.CASCADE, related_name="annotations")
    item = models.ForeignKey(QueueItem, models.SET_NULL, null=True, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind, default=Kind.LABELS)
    labels = models.ManyToManyField(Label, related_name="+")
    skip = models.CharField(max_length=14, choices=Skip, blank=True)
    source = models.CharField(max_length=9, choices=Source, default=Source.QUEUE)
    supersedes = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    current = models.BooleanField(default=True)  # False once superseded; undo rows never are
    elapsed_ms = models.PositiveIntegerField(null=True, blank=True)
    suggestion_shown = models.BooleanField(default=False)
    body = models.JSONField(default=dict)  # the request as answered, for an exact replay
    # Why it was asked, copied from the item, which may go.
    strategy = models.CharField(max_length=40, blank=True)
    score = models.FloatField(null=True, blank=True)
    rank = models.PositiveIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(null=True, blank=True)
    audit = models.BooleanField(default=False)
    gold = models.BooleanField(default=False)
    batch = models.UUIDField(null=True, blank=True)  # answers of one grid page, undone together
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["image", "user"],
                condition=Q(current=True),
                name="annotation_current_once_per_image_and_user",
            ),
            models.CheckConstraint(
                condition=Q(kind="skip", skip__gt="") | (~Q(kind="skip") & Q(skip="")),
                name="annotation_skip_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["project", "audit"],
                condition=Q(current=True),
                name="annotation_current",
            ),
            models.Index(fields=["project", "user", "-id"], name="annotation_of_person"),
            models.Index(fields=["image", "user"], name="annotation_on_image"),
            models.Index(
                fields=["batch"], condition=Q(batch__isnull=False), name="annotation_batch"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.image}"


class Acceptance(models.Model):
    """The model's labels that were accepted together at a tolerated error, revocable as a whole."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="acceptances")
    number = models.PositiveIntegerField()
    version = models.PositiveIntegerField()  # the model version's number
    # {"all": rate} or {label id: rate}: the largest tolerated share of wrong labels, in (0, 1)
    tolerated = models.JSONField(default=dict)
    thresholds = models.JSONField(default=dict)  # {label id: p} that were used
    upper_bound = models.FloatField()  # of the share of wrong ones, when it was accepted
    within = models.CharField(max_length=2000, blank=True)  # a filter of Explore; "": the pool
    images = models.PositiveIntegerField(default=0)  # accepted
    teaches = models.BooleanField(default=False)  # rounds learn from them, because somebody asked
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="acceptance_number_once")
        ]

    def __str__(self) -> str:
        return f"acceptance {self.number}"


class ModelAnnotation(models.Model):
    """A label, or several, that the model gave an image and that was accepted.

    It counts while the image is ACCEPTED. Once a person has answered, it is kept only to measure
    how often the model was wrong.
    """

    acceptance = models.ForeignKey(Acceptance, models.CASCADE, related_name="annotations")
    image = models.OneToOneField(Image, models.CASCADE, related_name="accepted")
    label_ids = models.JSONField(default=list)
    confidence = models.FloatField()  # in [0, 1]

    def __str__(self) -> str:
        return f"{self.image}, accepted"


class Gold(models.Model):
    """An image whose answer is known, asked now and then to check people."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="gold")
    image = models.OneToOneField(Image, models.CASCADE, related_name="gold")
    labels = models.ManyToManyField(Label, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.image}, known"


class Dispute(models.Model):
    """An image on which people disagree, until a reviewer settles it or the answers agree."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="disputes")
    image = models.OneToOneField(Image, models.CASCADE, related_name="dispute")
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["project", "opened_at"],
                condition=Q(closed_at=None),
                name="dispute_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.image}, disputed"


class Comment(models.Model):
    """What somebody remarks about an image."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="comments")
    image = models.ForeignKey(Image, models.CASCADE, related_name="comments")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uuid = models.UUIDField(unique=True)  # made by the client: the same comment twice is one row
    text = models.CharField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(fields=["image", "id"], name="comment_on_image"),
            models.Index(
                fields=["project", "-id"], condition=Q(resolved_at=None), name="comment_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.image}"


class Mention(models.Model):
    """A member named with @ in a comment."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mentions")
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["comment", "user"], name="mention_once_per_comment")
        ]
        indexes = [models.Index(fields=["user"], condition=Q(seen_at=None), name="mention_unseen")]

    def __str__(self) -> str:
        return f"@{self.user}"


class Example(models.Model):
    """An image that shows people what a label means, on the instructions page."""

    label = models.ForeignKey(Label, models.CASCADE, related_name="examples")
    image = models.ForeignKey(Image, models.CASCADE, related_name="+")
    place = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["label", "place", "pk"]
        constraints = [models.UniqueConstraint(fields=["label", "image"], name="example_once")]

    def __str__(self) -> str:
        return f"{self.image} shows {self.label}"
