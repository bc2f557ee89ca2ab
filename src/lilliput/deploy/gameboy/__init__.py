"""Stories on a Game Boy Color: an assembler, cartridges, and a model of whole numbers in SM83 code.

Nothing here needs a toolchain of others. Times are in M-cycles, four clocks of the processor each: 2,097,152
a second at the Color's double speed.
"""
