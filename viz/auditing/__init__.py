"""The audit: a hand derivation against the graph, with its first wrong step named."""
