"""The C engine and its binding."""
