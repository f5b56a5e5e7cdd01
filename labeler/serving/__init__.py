"""The prediction service: a process of its own that answers with the serving model, without a
pause while models change."""
