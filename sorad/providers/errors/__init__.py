"""Errors of providers, as codes and sentences."""
