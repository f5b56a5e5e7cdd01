"""News from this floor."""

from django.dispatch import Signal

# After the commit that deleted a project. kwargs: project_id. Whoever keeps its files removes them.
project_deleted = Signal()
