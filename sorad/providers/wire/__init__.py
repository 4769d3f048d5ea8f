"""HTTP: one exchange, downloads, and what can break on the way. Shared by all APIs."""
