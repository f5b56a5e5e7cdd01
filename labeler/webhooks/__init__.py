"""Webhooks: what happened in a project is told to addresses that its admins chose, signed."""
