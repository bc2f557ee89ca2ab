"""The console as a program sees it: instructions, an assembler, memory, cartridges."""
