"""Matrices of whole numbers as straight-line code that looks up sums."""
