"""Programs for devices: what a model folder becomes where there is no Python."""
