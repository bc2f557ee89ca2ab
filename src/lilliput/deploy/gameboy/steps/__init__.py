"""The steps of a token between the matrices: norms, turning, the gated layer, drawing."""
