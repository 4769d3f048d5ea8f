"""Looking into videos and pictures: decoding, which the extra ``sorad[media]`` brings (PyAV and Pillow).

``questions.py`` holds what can be asked and what comes back, as data; ``decoder.py`` asks a child process of low
priority; ``child.py`` is that process, ``pictures.py`` and ``likeness.py`` its work. Nobody else
imports PyAV or Pillow.
"""
