"""What the arrays of the statistics hold; docstrings say their shapes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]
# Counts are whole numbers, in the narrowest type that holds them, or floats.
Numbers = NDArray[np.number[Any]]
# One bit for each label of a set.
Masks = NDArray[np.uint64]
