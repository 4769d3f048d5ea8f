"""The stage stands on the world of the simulation."""

from folder_side import quiet, stage

__all__ = ["quiet", "stage"]
