"""The OpenAI videos format."""
