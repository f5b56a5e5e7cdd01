"""The settings, with what BROKEN names taken out of them."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "labeler.settings"  # what the package itself reads
from labeler.settings import *  # noqa: F403
from labeler.settings import DATABASES, INSTALLED_APPS
from tests.faults.broken import WAYS

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.broken.settings"  # for those it starts
INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.broken.Broken"]
if "durability" in WAYS:  # a commit is answered before it is on the disk
    DATABASES["default"]["OPTIONS"]["options"] += " -c synchronous_commit=off"
