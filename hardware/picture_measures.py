"""What is wrong with a camera's picture, measured on its brightness. Pure.

`luma` is the Y plane, 8 bits, shape (height, width); video keeps it between 16 (black) and 235.
"""

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]

_WIDTH = 640
"""Pictures are compared at about this width, so that a threshold means the same for every camera."""

_BLACK, _NO_LIGHT = 24.0, 40.0
_STILL, _STILL_BLOCK = 0.05, 1.0
_BLOCK = 16


def reduced(luma: Luma) -> NDArray[np.float32]:
    """At most `_WIDTH` pixels wide, by the mean of whole blocks of neighbours."""
    factor = max(1, luma.shape[1] // _WIDTH)
    return _means(luma.astype(np.float32), factor) if factor > 1 else luma.astype(np.float32)


def _means(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    height, width = (length // side * side for length in picture.shape)
    cut = picture[:height, :width].reshape(height // side, side, width // side, side)
    return np.asarray(cut.mean(axis=(1, 3)), np.float32)


def black(luma: Luma) -> bool:
    """A covered lens: dark throughout. A dim room has lamps, windows or faces that are not."""
    return float(luma.mean()) < _BLACK and float(np.percentile(luma, 99)) < _NO_LIGHT


def sharpness(luma: Luma) -> float:
    """The variance of the Laplacian (Pech-Pacheco and others 2000) at the common width; blur takes it away."""
    y = reduced(luma)
    laplacian = y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:] - 4 * y[1:-1, 1:-1]
    return float(laplacian.var())


def still(before: Luma, after: Luma) -> bool:
    """Whether nothing changed from one picture to the other: neither anything in it, nor the noise every sensor has.

    The noise shows in the mean over all pixels, a small movement in one block of 16 by 16.
    """
    if before.shape != after.shape:
        return False
    change = np.abs(after.astype(np.float32) - before.astype(np.float32))
    if float(change.mean()) >= _STILL:
        return False
    side = min(_BLOCK, *change.shape)
    return float(_means(change, side).max()) < _STILL_BLOCK
