"""The small web page: what is going on, what changed last, what is wrong, and three buttons."""
