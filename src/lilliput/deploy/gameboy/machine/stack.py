"""The stack pointer, which routines use to walk through data, put back."""


def restore_stack(at: int | str) -> str:
    """Assembly that makes SP the word of high memory at `at`, an address or a name: 10 cycles.

    It changes A and HL.
    """
    return f"ldh a, ({at})\nld l, a\nldh a, ({at} + 1)\nld h, a\nld sp, hl\n"
