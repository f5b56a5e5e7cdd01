"""Projects, their labels and members, and who may do what."""
