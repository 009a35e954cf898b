"""The demonstration: its people, its simulated estate, two weeks behind it, and a stream of alerts."""
