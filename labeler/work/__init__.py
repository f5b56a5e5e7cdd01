"""Work that survives crashes: leases, messages that only hint, the heartbeat of workers."""
