"""A row for every table of a historical state of the migrations, made up from the fields alone."""

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps.registry import Apps
from django.db import models

Row = models.Model
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
# What the constraints of a table leave no choice in; (app, model) → field → value.
GIVEN: dict[tuple[str, str], dict[str, Any]] = {
    ("labeling", "annotation"): {"skip": ""},
    ("evaluation", "stoptest"): {"confidence": 0.95},
    ("projects", "project"): {"show_suggestions": True},
    ("serving", "batchprediction"): {"unknown": 0},
    ("webhooks", "target"): {"metric": "macro_f1"},
}


class Rows:
    """Makes one row of each model of a state; a row refers to others of the same state."""

    _numbers = itertools.count(1)

    def __init__(self, apps: Apps, models_: list[type[Row]]) -> None:
        self.apps, self.models = apps, models_
        self.made: dict[type[Row], Row] = {}
        self.making: set[type[Row]] = set()

    def all(self) -> None:
        for model in self.models:
            self.of(model)

    def of(self, model: type[Row]) -> Row:
        if model not in self.made:
            self.making.add(model)
            self.made[model] = self._new(model)
        return self.made[model]

    def _new(self, model: type[Row]) -> Row:
        given = GIVEN.get((model._meta.app_label, str(model._meta.model_name)), {})
        fields = [f for f in model._meta.concrete_fields if not isinstance(f, models.AutoField)]
        row = model(**{f.attname: given.get(f.name, self._value(f)) for f in fields})
        row.save(force_insert=True)
        return row

    def _value(self, field: Any) -> Any:
        number = next(self._numbers) % 30_000  # fits into every kind of number
        when = WHEN + timedelta(days=number)
        if field.is_relation:
            return self._related(field)
        if field.choices:
            return field.choices[0][0]
        if isinstance(field, models.CharField | models.TextField):
            return f"{number}ü"[: field.max_length]
        simple: dict[type[Any], Any] = {
            models.BooleanField: False, models.DateTimeField: when, models.DateField: when.date(),
            models.UUIDField: uuid.UUID(int=number), models.FloatField: 0.25,
            models.JSONField: {"ü": [number]}, models.BinaryField: b"%d" % number,
            models.GenericIPAddressField: "192.0.2.1",
        }  # fmt: skip
        found = [value for kind, value in simple.items() if isinstance(field, kind)]
        return found[0] if found else number

    def _related(self, field: Any) -> Any:
        """The key of a row; the field itself may know the table as it once was."""
        model = self.apps.get_model(field.related_model._meta.label)
        circles = model in self.making and model not in self.made
        return None if field.null and circles else self.of(model).pk
