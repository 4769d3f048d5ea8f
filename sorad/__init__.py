"""sorad: storyboards in, verified videos out; every take is paid for once."""

__version__ = "0.1.0"
