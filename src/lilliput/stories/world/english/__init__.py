"""The English of the world: how each event is told."""
