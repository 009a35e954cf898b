"""The 25 things that the demo's agents ask for on the first morning, word by word."""
