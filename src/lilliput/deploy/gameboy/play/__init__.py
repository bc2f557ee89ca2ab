"""A console on this computer: to play, to film, to prove."""
