"""Letters to ids and ids to letters."""
