"""Users, projects, labels, memberships, and the secrets that let people and programs in."""

import unicodedata

from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class User(AbstractUser):
    """A person. The owner of the installation is a superuser."""

    settings = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class ThoseThere(models.Manager["Project"]):
    """The projects that were not deleted: one that is being taken apart is gone for everybody."""

    def get_queryset(self) -> "models.QuerySet[Project]":
        return super().get_queryset().filter(leaving_at=None)


class Project(models.Model):
    """What is asked of which images, and how."""

    class Kind(models.TextChoices):
        SINGLE = "single", "one label per image"
        MULTI = "multi", "several labels per image"
        YES_NO = "yesno", "yes or no"

    class Consensus(models.TextChoices):
        MAJORITY = "majority", "what most people say"
        DAWID_SKENE = "dawid_skene", "weighed by how reliable each person is"

    name = models.CharField(max_length=100)
    question = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=6, choices=Kind, default=Kind.SINGLE)
    strategy = models.CharField(max_length=40, default="margin")
    audit_share = models.FloatField(
        default=0.1, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    audit_target = models.PositiveIntegerField(default=400)
    audit_seed = models.PositiveBigIntegerField()
    audit_rate = models.FloatField(default=0.0)
    overlap = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    retrain_after = models.PositiveIntegerField(null=True, blank=True)  # null: adaptive
    features = models.CharField(max_length=80, default="efficientnet_lite0")
    head = models.CharField(max_length=40, default="logistic")
    # Of the questions that may show what the model believes, how many do: 0 none, 1 all.
    suggestion_share = models.FloatField(
        default=1.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    instructions = models.TextField(blank=True)  # what people read before they label
    # Which answers a round may learn from, and how it weighs labels; read by training.part.
    training_part = models.JSONField(default=dict, blank=True)
    # While the model's labels are accepted: how much of each person's queue are accepted images
    # asked again, blind, to check the promise.
    spot_check_share = models.FloatField(
        default=0.05, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    has_accepted = models.BooleanField(default=False)  # an acceptance of model labels stands
    consensus = models.CharField(max_length=11, choices=Consensus, default=Consensus.MAJORITY)
    # How much of each person's queue has a known answer.
    gold_share = models.FloatField(
        default=0.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    # The least role that may add a label while labeling; a Membership.Role.
    label_adders = models.CharField(max_length=9, default="admin")
    target = models.FloatField(
        default=0.9, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    is_demo = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True, blank=True)  # closed: to be read, not worked on
    leaving_at = models.DateTimeField(null=True, blank=True)  # deleted; a worker takes it apart
    next_row = models.PositiveIntegerField(default=0)  # also the number of images
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(User, through="Membership", related_name="projects")

    objects = ThoseThere()
    leaving_too = models.Manager["Project"]()  # for whoever takes deleted ones apart

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(audit_share__gte=0, audit_share__lte=1),
                name="project_audit_share_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(audit_rate__gte=0, audit_rate__lte=1),
                name="project_audit_rate_is_a_share",
            ),
            models.CheckConstraint(condition=Q(overlap__gte=1), name="project_overlap_is_positive"),
            models.CheckConstraint(
                condition=Q(suggestion_share__gte=0, suggestion_share__lte=1),
                name="project_suggestion_share_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(gold_share__gte=0, gold_share__lte=1),
                name="project_gold_share_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(spot_check_share__gte=0, spot_check_share__lte=1),
                name="project_spot_check_share_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_multi(self) -> bool:
        return self.kind == self.Kind.MULTI

    @property
    def is_yes_no(self) -> bool:
        """One label of two: to the model a project of one label per image."""
        return self.kind == self.Kind.YES_NO


class Label(models.Model):
    """A name in the project's label set. Never deleted, only retired: answers point to it."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="labels")
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=1, blank=True)
    colour = models.CharField(max_length=7, blank=True)  # "#rrggbb"; blank: the place's own
    place = models.PositiveSmallIntegerField()  # 0, 1, …: colour and shape, kept for good
    position = models.PositiveSmallIntegerField(default=0)  # where people see it; ties by place
    retired = models.BooleanField(default=False)
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="merged_from"
    )  # a retired label's name in a manifest means this one

    class Meta:
        ordering = ["project", "position", "place"]
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="label_name_once_per_project"),
            models.UniqueConstraint(fields=["project", "place"], name="label_place_once"),
            models.UniqueConstraint(
                fields=["project", "key"],
                condition=~Q(key="") & Q(retired=False),
                name="label_key_once_per_project",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def mark(self) -> int:
        """Which of the twelve colours and shapes it wears: 1 to 12."""
        return self.place % 12 + 1

    @staticmethod
    def clean_name(name: str) -> str:
        """The name as it is compared and stored: NFC, single spaces, no ends."""
        return " ".join(unicodedata.normalize("NFC", name).split())


class LabelEvent(models.Model):
    """What was done to a label set, and by whom. Rows are only added."""

    class Kind(models.TextChoices):
        ADDED = "added"
        RENAMED = "renamed"
        MERGED = "merged"
        SPLIT = "split"
        RETIRED = "retired"
        RETURNED = "returned"
        MOVED = "moved"  # to another place in the order

    project = models.ForeignKey(Project, models.CASCADE, related_name="label_events")
    label = models.ForeignKey(Label, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=8, choices=Kind)
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    details = models.JSONField(default=dict, blank=True)  # {"from", "to", "into", "answers", …}
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["project", "-id"], name="labelevent_newest")]

    def __str__(self) -> str:
        return f"{self.label} {self.kind}"


class Membership(models.Model):
    """Who belongs to a project, and as what."""

    class Role(models.TextChoices):
        ANNOTATOR = "annotator"
        REVIEWER = "reviewer"
        ADMIN = "admin"

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=9, choices=Role)
    deactivated_at = models.DateTimeField(null=True, blank=True)  # no way in; answers stay theirs
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="member_once_per_project")
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.role} of {self.project}"


class Secret(models.Model):
    """A random secret of which only the hash is kept."""

    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Token(Secret):
    """Lets a program act as its user, at most with `role` and only in `project` where set."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    project = models.ForeignKey(Project, models.CASCADE, null=True, blank=True)
    role = models.CharField(max_length=9, choices=Membership.Role, default=Membership.Role.ADMIN)
    read_only = models.BooleanField(default=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)  # to within tokens.SELDOM

    def __str__(self) -> str:
        return self.name


class Invitation(Secret):
    """A link that lets one person join a project once."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=9, choices=Membership.Role)
    invited_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    note = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return f"{self.role} of {self.project}"


class SignInLink(Secret):
    """A link that signs its user in once; `up` prints one for the owner."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"sign-in link of {self.user}"


class Repeat(models.Model):
    """The answer to a request that carried an Idempotency-Key; kept for a day, for its sender."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)  # of the key, the token and the address
    request = models.CharField(max_length=64)  # the digest of what was sent
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="repeat_once_per_user_and_key")
        ]

    def __str__(self) -> str:
        return f"{self.status} for {self.user}"
