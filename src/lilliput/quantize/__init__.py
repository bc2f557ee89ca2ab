"""Arithmetic without floats: weights as small integers. No torch."""
