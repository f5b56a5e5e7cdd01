"""The images of a project and how they came in."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from labeler.projects.models import Label, Project
from labeler.work.models import OPEN_WORK, LeasedWork


class Import(LeasedWork):
    """One delivery of images. Works in chunks and goes on where it stopped."""

    class Source(models.TextChoices):
        UPLOAD = "upload"  # files staged by the browser or the API
        FOLDER = "folder"  # a folder on the server

    class Folders(models.TextChoices):
        IGNORE = "ignore", "only names"
        LABELS = "labels", "become labels"
        TRUTH = "truth", "stay hidden truth"

    project = models.ForeignKey(Project, models.CASCADE, related_name="imports")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=8, choices=Source)
    path = models.CharField(max_length=1000, blank=True)  # of a server folder or archive
    title = models.CharField(max_length=200, blank=True)
    folders = models.CharField(max_length=8, choices=Folders, default=Folders.IGNORE)
    total = models.PositiveIntegerField(null=True, blank=True)  # null until counted
    cursor = models.JSONField(default=dict, blank=True)  # where the next chunk starts
    added = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    labels_added = models.PositiveIntegerField(default=0)
    sealed = models.BooleanField(default=True)  # an upload is sealed when its last file arrived
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="import_number_once")
        ]
        indexes = [models.Index(fields=["state"], condition=OPEN_WORK, name="import_open")]

    @property
    def read(self) -> int:
        """Files looked at so far: added + duplicates + refused, always adding up."""
        return self.added + self.duplicates + self.refused


class Refusal(models.Model):
    """A file that did not come in: why, and what to do."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="refusals")
    name = models.CharField(max_length=1000)
    code = models.CharField(max_length=40)
    reason = models.CharField(max_length=400)
    remedy = models.CharField(max_length=400)

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class Image(models.Model):
    """One picture of the pool. The same bytes twice are one image with two names."""

    class State(models.TextChoices):
        OPEN = "open"  # nobody has answered yet
        LABELED = "labeled"
        SKIPPED = "skipped"

    project = models.ForeignKey(Project, models.CASCADE, related_name="images")
    row = models.PositiveIntegerField()  # dense within the project: row // 4096 is its shard
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=1000)
    width = models.PositiveIntegerField()  # after EXIF orientation
    height = models.PositiveIntegerField()
    format = models.CharField(max_length=8)  # "JPEG", "PNG", …: from the bytes, never the name
    bytes = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    key = models.FloatField()  # in [0, 1): random per image, fixed for good; breaks ties, draws
    audit = models.BooleanField(default=False)  # in the audit sample: blind, never trained on
    came_with = models.ForeignKey(Import, models.SET_NULL, null=True, related_name="images")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "row"], name="image_row_once"),
            models.UniqueConstraint(fields=["project", "sha256"], name="image_bytes_once"),
        ]
        indexes = [
            models.Index(fields=["project", "state"], name="image_by_state"),
            models.Index(
                fields=["project", "key"], condition=Q(audit=True), name="image_audit_order"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ImageName(models.Model):
    """A further name under which the same bytes came in."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="other_names")
    name = models.CharField(max_length=1000)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["image", "name"], name="image_name_once")]

    def __str__(self) -> str:
        return self.name


class Truth(models.Model):
    """The label an image is known to have, kept aside for `simulate`; no page shows it."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="truths")
    label = models.ForeignKey(Label, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(F("image"), F("label"), name="truth_once")]

    def __str__(self) -> str:
        return f"{self.image} is {self.label}"
