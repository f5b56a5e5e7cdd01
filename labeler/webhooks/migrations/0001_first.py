import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

STATES = [
    ("due", "Due"),
    ("running", "Running"),
    ("waiting", "Waiting"),
    ("paused", "Paused"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]


def pk():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("projects", "0005_has_accepted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", pk()),
                ("name", models.CharField(blank=True, max_length=100)),
                ("url", models.CharField(max_length=2000)),
                ("events", models.JSONField(default=list)),
                ("secret", models.CharField(max_length=100)),
                ("old_secret", models.CharField(blank=True, max_length=100)),
                ("old_secret_until", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("paused", "Paused"),
                            ("stopped", "Stopped"),
                        ],
                        default="active",
                        max_length=7,
                    ),
                ),
                ("why", models.CharField(blank=True, max_length=20)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("seen_annotation", models.PositiveBigIntegerField(default=0)),
                ("since", models.DateTimeField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to="projects.project",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                ("id", pk()),
                (
                    "metric",
                    models.CharField(
                        choices=[
                            ("precision", "Precision"),
                            ("recall", "Recall"),
                            ("f1", "F1"),
                            ("average_precision", "Average Precision"),
                            ("accuracy", "Accuracy"),
                        ],
                        max_length=17,
                    ),
                ),
                ("value", models.FloatField()),
                (
                    "direction",
                    models.CharField(
                        choices=[("above", "Above"), ("below", "Below")],
                        default="above",
                        max_length=5,
                    ),
                ),
                ("met", models.BooleanField(null=True)),
                (
                    "label",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="projects.label",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="targets",
                        to="webhooks.webhook",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("value__gt", 0), ("value__lt", 1)),
                        name="target_lies_between_0_and_1",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("metric", "accuracy"), _negated=True),
                            ("label", None),
                            _connector="OR",
                        ),
                        name="accuracy_is_of_all_labels",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", pk()),
                ("state", models.CharField(choices=STATES, default="due", max_length=9)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("lease_no", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("not_before", models.DateTimeField(blank=True, null=True)),
                ("error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("event", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=80)),
                ("body", models.TextField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="projects.project",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="webhooks.webhook",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ("due", "running"))),
                        fields=["state"],
                        name="delivery_open",
                    ),
                    models.Index(fields=["webhook", "-id"], name="delivery_log"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("webhook", "key"), name="delivery_once_per_event"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", pk()),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("outcome", models.CharField(blank=True, max_length=20)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("ms", models.PositiveIntegerField(null=True)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sent",
                        to="webhooks.delivery",
                    ),
                ),
            ],
        ),
    ]
