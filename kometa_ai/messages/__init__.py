"""From a report to words: one outline, and each channel's form of it. Pure."""
