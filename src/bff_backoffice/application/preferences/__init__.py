"""What a desktop needs at its start, and what an operator chose about it: preferences, shortcuts, properties."""
