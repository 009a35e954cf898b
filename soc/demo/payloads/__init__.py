"""Alerts as five kinds of source write them; the texts are this project's own."""
