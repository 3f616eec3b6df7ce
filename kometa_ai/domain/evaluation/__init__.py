"""How well Claude judges one collection: a list of what belongs, a sample, scores."""
