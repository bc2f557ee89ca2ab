"""A whole model: places in memory, the loop over its layers, what it takes."""
