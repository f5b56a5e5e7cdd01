from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exploring", "0003_probe"),
    ]

    operations = [
        migrations.AlterField(
            model_name="survey",
            name="kind",
            field=models.CharField(
                choices=[
                    ("clusters", "Clusters"),
                    ("map", "Map"),
                    ("index", "Index"),
                    ("duplicates", "Duplicates"),
                    ("probe", "Probe"),
                    ("columns", "Columns"),
                    ("looks", "Looks"),
                ],
                max_length=10,
            ),
        ),
    ]
