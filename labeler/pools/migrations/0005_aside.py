from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pools", "0004_accepted")]

    operations = [
        migrations.AlterField(
            model_name="image",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "Open"),
                    ("labeled", "Labeled"),
                    ("skipped", "Skipped"),
                    ("accepted", "Accepted"),
                    ("aside", "Aside"),
                ],
                default="open",
                max_length=8,
            ),
        ),
    ]
