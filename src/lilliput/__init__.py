"""Lilliput: tiny language models, from stories to silicon, with every stage proving itself."""

from importlib.metadata import version

__version__ = version("lilliput")
