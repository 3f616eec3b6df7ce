"""Runs are made in a process of their own: it gives its memory back, and its end ends nothing else.

Claude's client alone holds 80 MB once it is imported, and a library of 100,000 films some more. So
``__main__`` is the process that does one piece of work, ``process`` is the service's end of it,
and ``order`` is what they say to each other.
"""
