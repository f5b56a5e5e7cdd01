"""The images of a project and how they came in."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from labeler.projects.models import Label, Project
from labeler.work.models import OPEN_WORK, LeasedWork


class Origin(models.Model):
    """A place outside from which images are brought in, more than once: what it held before."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="origins")
    address = models.CharField(max_length=1000)  # "/srv/leaves", "s3://bucket/prefix", "https://…"
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "address"], name="origin_once_per_project")
        ]

    def __str__(self) -> str:
        return self.address


class OriginFile(models.Model):
    """A file of an origin that was read: met again with the same stamp, it is not opened."""

    origin = models.ForeignKey(Origin, models.CASCADE, related_name="files")
    digest = models.BinaryField(max_length=16)  # of the name within the origin
    stamp = models.CharField(max_length=80)  # size and time of change, or the bucket's ETag

    class Meta:
        constraints = [models.UniqueConstraint(fields=["origin", "digest"], name="originfile_once")]

    def __str__(self) -> str:
        return self.stamp


class Import(LeasedWork):
    """One delivery of images. Works in chunks and goes on where it stopped."""

    class Source(models.TextChoices):
        UPLOAD = "upload"  # files staged by the browser or the API
        FOLDER = "folder"  # a folder on the server
        BUCKET = "bucket"  # s3://, gs:// or az://
        URLS = "urls"  # a list of https addresses

    class Folders(models.TextChoices):
        IGNORE = "ignore", "only names"
        LABELS = "labels", "become labels"
        TRUTH = "truth", "stay hidden truth"

    project = models.ForeignKey(Project, models.CASCADE, related_name="imports")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=8, choices=Source)
    path = models.CharField(max_length=1000, blank=True)  # of a folder or archive, or an address
    title = models.CharField(max_length=200, blank=True)
    folders = models.CharField(max_length=8, choices=Folders, default=Folders.IGNORE)
    # The manifest among the files, by its name, and its format: a key of formats.registry, "table"
    # or "tree". Both blank: only pictures, or not looked at yet.
    manifest = models.CharField(max_length=1000, blank=True)
    format = models.CharField(max_length=24, blank=True)
    # How to read it, as the admin decided; the shape is in manifests/options.py.
    options = models.JSONField(default=dict, blank=True)
    plan = models.JSONField(default=dict, blank=True)  # what a look found; see manifests/plan.py
    asks = models.BooleanField(default=False)  # show the plan and wait for somebody's word
    in_place = models.BooleanField(default=False)  # originals stay where they are
    origin = models.ForeignKey(
        Origin, models.SET_NULL, null=True, blank=True, related_name="imports"
    )
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


class Removal(LeasedWork):
    """A project that was deleted and is taken apart in the background, piece by piece."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="removal")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)


class Upload(models.Model):
    """A file on its way in, in pieces; it goes on where it stopped."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="uploads")
    uuid = models.UUIDField(unique=True)
    name = models.CharField(max_length=1000)  # with folders, as its owner gave it
    size = models.PositiveBigIntegerField()  # bytes
    received = models.PositiveBigIntegerField(default=0)  # bytes that are safe on disk
    fingerprint = models.CharField(max_length=200, blank=True)  # what the sender knows it by
    finished_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["of", "fingerprint"], name="upload_by_fingerprint")]

    def __str__(self) -> str:
        return self.name


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

    class Split(models.TextChoices):
        TRAIN = "train"
        VALIDATION = "validation"
        TEST = "test"  # held out: never trained on, never asked for its own sake

    class State(models.TextChoices):
        OPEN = "open"  # nobody has answered yet
        LABELED = "labeled"
        SKIPPED = "skipped"
        ACCEPTED = "accepted"  # nobody has answered; the model's label was accepted
        ASIDE = "aside"  # nobody needs to answer: an image that is nearly the same was kept

    project = models.ForeignKey(Project, models.CASCADE, related_name="images")
    row = models.PositiveIntegerField()  # dense within the project: row // 4096 is its shard
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=1000)
    width = models.PositiveIntegerField()  # after EXIF orientation
    height = models.PositiveIntegerField()
    format = models.CharField(max_length=8)  # "JPEG", "PNG", …: from the bytes, never the name
    bytes = models.PositiveIntegerField()
    exif = models.JSONField(default=dict, blank=True)  # {tag name: text}, for people to read
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    key = models.FloatField()  # in [0, 1): random per image, fixed for good; breaks ties, draws
    audit = models.BooleanField(default=False)  # in the audit sample: blind, never trained on
    split = models.CharField(max_length=10, choices=Split, blank=True)  # as a manifest said
    address = models.CharField(max_length=1000, blank=True)  # where it came from, or lies in place
    in_place = models.BooleanField(default=False)  # the original is at `address`, not with us
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


class Guess(models.Model):
    """What another tool's model believed of an image, brought along by a manifest."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="guesses")
    label = models.ForeignKey(Label, models.CASCADE, related_name="+")
    p = models.FloatField()  # in [0, 1]
    version = models.CharField(max_length=100, blank=True)  # of that model, in its own words

    class Meta:
        constraints = [models.UniqueConstraint(fields=["image", "label"], name="guess_once")]

    def __str__(self) -> str:
        return f"{self.label}, {self.p:.2f}"


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
