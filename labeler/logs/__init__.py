"""What the programs write down while they run, each line with the request or work it is about."""
