"""What people read on a terminal: the progress of a run, tables, and sentences."""
