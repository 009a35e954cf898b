"""Wilson's score interval: how far a share can be trusted."""

from math import sqrt

#: Two-sided 95 %.
Z = 1.959964


def wilson(hits: float, n: int) -> tuple[float, float] | None:
    """Return (low, high) of the 95 % interval of hits / n; None without rows."""
    if n == 0:
        return None
    share = hits / n
    spread = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    centre = share + Z * Z / (2 * n)
    scale = 1 + Z * Z / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
