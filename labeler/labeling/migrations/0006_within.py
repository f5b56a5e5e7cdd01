from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0005_second_looks"),
    ]

    operations = [
        migrations.AddField(
            model_name="acceptance",
            name="within",
            field=models.CharField(blank=True, max_length=2000),
        ),
    ]
