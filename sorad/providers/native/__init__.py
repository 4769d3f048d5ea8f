"""What the native APIs have in common: a create that names a task, a poll of it, a list. Formats are data."""
