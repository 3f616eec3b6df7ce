"""Kometa-AI keeps film collections that are described in plain words."""

__version__ = "0.6.0"
