"""Read a configuration and a prediction with Label Studio's own SDK; runs in its environment."""

import json
import sys

from label_studio_sdk.label_interface import LabelInterface
from label_studio_sdk.label_interface.objects import PredictionValue

given = json.load(sys.stdin)
interface = LabelInterface(given["config"])
control = interface.get_control()
value = PredictionValue(**given["prediction"])
json.dump(
    {
        "valid": interface.validate_prediction(given["prediction"]),
        "version": value.model_version,
        "from_name": control.name,
        "to_name": list(control.to_name),
        "value": interface.get_object(control.to_name[0]).value_name,
        "labels": sorted(control.labels),
        "choices": value.result[0]["value"]["choices"],
    },
    sys.stdout,
)
