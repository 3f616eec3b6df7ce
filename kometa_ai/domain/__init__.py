"""The rules: values in, values out. Nothing here reads, writes, waits or knows the time."""
