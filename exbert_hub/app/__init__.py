"""The page: `launch()` and the two components it is made of."""

from .launch import launch

__all__ = ["launch"]
