"""Pages about ways in."""
