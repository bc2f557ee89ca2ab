"""The built-in story world: a seeded simulation of a small world, told as simple children's stories."""

from lilliput.stories.world.telling import iter_world, tell

__all__ = ["iter_world", "tell"]
