"""The angles of rotary positions (Su et al. 2021), in float32 as torch computes them. No torch."""

import numpy as np
import numpy.typing as npt


def rotary_table(d_head: int, context: int, theta: float) -> npt.NDArray[np.float32]:
    """Cosines and sines by position: (context, d_head), first all cosines, then all sines."""
    exponents = np.arange(0, d_head, 2, dtype=np.float32) / np.float32(d_head)
    speeds = np.float32(1) / np.float32(theta) ** exponents
    angles = np.outer(np.arange(context, dtype=np.float32), speeds)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
