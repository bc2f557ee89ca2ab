"""Reading the lexicon's tables: one row a line, columns between bars."""


def rows(table: str) -> list[list[str]]:
    """The cells of each line of `table`, stripped; a cell may be empty."""
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
