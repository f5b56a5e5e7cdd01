"""Real processes, killed and starved at random moments while people label; then all is checked."""
