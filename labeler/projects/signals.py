"""News from this floor."""

from django.dispatch import Signal

# After the commit that deleted a project. kwargs: project_id. Whoever keeps its files removes them.
project_deleted = Signal()

# Inside the transaction that hides a project from everybody. kwargs: project, user (or None).
# Whoever works on it stops, and somebody takes it apart.
project_leaving = Signal()

# Inside the transaction that archives a project. kwargs: project. Whoever works on it stops.
project_archived = Signal()

# Inside the transaction that took somebody's way in away. kwargs: project, user.
member_left = Signal()

# Inside the transaction that deactivated an account. kwargs: user.
account_closed = Signal()

# Inside the transaction that deleted an account whose answers are to go, too. kwargs: user.
answers_unwanted = Signal()
