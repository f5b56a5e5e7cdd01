"""The web process's door."""

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from labeler.operations import shared_counts

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
shared_counts.share()  # before anything that counts is loaded
application = get_wsgi_application()
assert get_resolver().url_patterns  # every view is loaded before the first request, and the fork
gc.freeze()  # what is loaded by now stays: looking through it for garbage would be in vain
if settings.SERVING:
    from labeler.serving import warming

    warming.begin()
