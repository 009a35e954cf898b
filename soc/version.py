"""Countersign's version: pyproject.toml names the same one (tested)."""

VERSION = "0.1.0"
