"""The images of a project: adding, storing, showing them, and the audit draw."""
