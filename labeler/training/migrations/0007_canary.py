import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0006_picked_thresholds"),
    ]

    operations = [
        migrations.CreateModel(
            name="Served",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("requests", models.PositiveBigIntegerField(default=0)),
                ("pictures", models.PositiveBigIntegerField(default=0)),
                ("confidence", models.FloatField(default=0.0)),
                ("unknown", models.PositiveBigIntegerField(default=0)),
                ("last_at", models.DateTimeField(blank=True, null=True)),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="served",
                        to="training.modelversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Canary",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("share", models.FloatField(default=0.0)),
                ("since", models.DateTimeField(blank=True, null=True)),
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="canary",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("share__gte", 0), ("share__lte", 0.5)),
                        name="canary_share_is_half_at_most",
                    )
                ],
            },
        ),
    ]
