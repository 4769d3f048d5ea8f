"""The keeper of notes stands on the stage of the folder side."""

from folder_side import quiet, stage

__all__ = ["quiet", "stage"]
