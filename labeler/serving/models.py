"""Many pictures judged in the background, and where the results lie."""

from django.conf import settings
from django.db import models

from labeler.projects.models import Project
from labeler.training.models import ModelVersion
from labeler.work.models import OPEN_WORK, LeasedWork


class BatchPrediction(LeasedWork):
    """One delivery of pictures to judge; nothing of it enters the pool.

    Works in chunks and goes on where it stopped. Files lie under batch-predictions/<id>/ of
    the project's storage until the batch is deleted or has been kept long enough.
    """

    class Source(models.TextChoices):
        UPLOAD = "upload"  # files staged by the browser or the API
        PLACES = "places"  # folders, archives, manifests of the server; buckets; web addresses
        POOL = "pool"  # the project's own images

    project = models.ForeignKey(Project, models.CASCADE, related_name="batch_predictions")
    number = models.PositiveIntegerField()
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    version_number = models.PositiveIntegerField()  # the version as it began; told when it is gone
    thresholds = models.JSONField(default=dict, blank=True)  # {label id: p}, as it began
    source = models.CharField(max_length=6, choices=Source)
    places = models.JSONField(default=list, blank=True)  # paths and addresses
    title = models.CharField(max_length=200, blank=True)
    total = models.PositiveIntegerField(null=True, blank=True)  # null until counted
    cursor = models.JSONField(default=dict, blank=True)  # where the next chunk starts
    judged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)  # rows that hold a reason instead
    unknown = models.PositiveIntegerField(default=0)  # of those judged
    counts = models.JSONField(default=dict, blank=True)  # {label name: pictures}
    sealed = models.BooleanField(default=True)  # an upload is sealed when its last file arrived
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="batch_number_once"),
            models.CheckConstraint(
                condition=models.Q(unknown__lte=models.F("judged")), name="batch_unknown_is_judged"
            ),
        ]
        indexes = [models.Index(fields=["state"], condition=OPEN_WORK, name="batch_open")]

    @property
    def read(self) -> int:
        """Pictures looked at so far: judged + refused, always adding up."""
        return self.judged + self.refused


class BatchPiece(LeasedWork):
    """A stretch of a large batch, which one worker judges while others judge the rest."""

    of = models.ForeignKey(BatchPrediction, models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()  # of its first row in the whole batch
    rows = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)  # of its rows
    at = models.JSONField()  # (line, member) or (image, 0): where the next chunk starts

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "number"], name="batchpiece_once")]
        indexes = [models.Index(fields=["state"], condition=OPEN_WORK, name="batchpiece_open")]


class BatchPart(models.Model):
    """A chunk of results: a file that is whole, and counted together with this row."""

    of = models.ForeignKey(BatchPrediction, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)  # in the storage
    rows = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "number"], name="batchpart_once")]

    def __str__(self) -> str:
        return self.name


class ModelExport(LeasedWork):
    """A model version as an archive to take away; asking again makes it anew.

    The file lies in the version's folder, and goes with it.
    """

    class Format(models.TextChoices):
        ONNX = "onnx", "ONNX"
        TORCH = "torch", "torch.export"

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="exports")
    format = models.CharField(max_length=5, choices=Format, default=Format.ONNX)
    bytes = models.PositiveBigIntegerField(default=0)
    images = models.PositiveIntegerField(default=0)  # of the pool, compared with the model
    largest = models.FloatField(default=0.0)  # difference of a probability on them
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "format"], name="modelexport_once")
        ]
