"""Notes in the vault that show what came of each storyboard, and in which takes are chosen.

``view.py``, ``render.py``, ``merge.py`` and ``boxes.py`` are pure; ``writing.py`` acts on files; ``keeper.py`` decides
when, and talks to the ledger.
"""
