"""Tells people what a run did."""
