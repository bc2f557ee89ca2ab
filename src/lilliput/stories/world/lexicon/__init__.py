"""The words of the world, as tables: each row is a word and what is true of what it names."""
