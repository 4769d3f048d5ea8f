"""The native API of sora.hk."""
