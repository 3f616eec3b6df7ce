"""The command line: what each flag does, and what it prints."""
