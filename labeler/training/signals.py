"""News from training, for the floors above, sent after the commit."""

from django.dispatch import Signal

# kwargs: project_id, round_id, version (the new model version's number, or None without one).
round_finished = Signal()
