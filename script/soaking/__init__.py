"""The soak: the service as a real process, a seeded plan of chaos, and a checker of its own."""
