"""A simulated Radarr and a simulated Claude behind real HTTP, and a small library for them."""
