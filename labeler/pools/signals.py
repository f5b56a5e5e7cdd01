"""News from the pools, for the floors above."""

from django.dispatch import Signal

# After the commit of a chunk. kwargs: project_id, count (images that are new).
images_added = Signal()

# Inside the chunk's transaction. kwargs: project, pairs [(image id, label id)], none [ids of images
# that no label fits], user, import. A receiver that stores them returns along.Kept.
labels_came = Signal()

# Before images are taken back. kwargs: project, images [ids]. Receivers return those to keep.
images_wanted = Signal()

# Inside the transaction that takes images back. kwargs: project, images [ids].
images_left = Signal()
