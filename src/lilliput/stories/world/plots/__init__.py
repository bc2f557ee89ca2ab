"""The plot families: each a function that changes a world and records what happened.

To add one: write a module here with a function that takes a World, its phrasings beside the others in
`english/wording/`, and name both in their tuples.
"""
