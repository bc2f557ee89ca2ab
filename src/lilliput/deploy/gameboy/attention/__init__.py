"""Attention: keys as code in battery memory, chances, means of values."""
