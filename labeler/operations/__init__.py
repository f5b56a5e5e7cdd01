"""For whoever runs an installation: figures for Prometheus, the state of the work, the doctor."""
