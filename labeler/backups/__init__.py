"""A whole installation in one file, and an empty installation made into that one again."""
