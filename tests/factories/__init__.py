"""Factories: each builds the least valid row."""
