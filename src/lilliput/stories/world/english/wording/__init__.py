"""The phrasings of each plot's events, one file a plot, and of events that plots share."""
