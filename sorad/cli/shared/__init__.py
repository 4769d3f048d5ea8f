"""What several commands share: options, the terminal, the config, formatting."""
