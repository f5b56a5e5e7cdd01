"""Pictures that lie elsewhere: on web servers and in buckets, asked for through one guard."""
