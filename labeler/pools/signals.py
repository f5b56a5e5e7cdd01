"""News from the pools, for the floors above."""

from django.dispatch import Signal

# After the commit of a chunk. kwargs: project_id, count (images that are new).
images_added = Signal()

# Inside the chunk's transaction. kwargs: project, pairs [(image id, label id)], user, import.
labels_came = Signal()
