"""`make bench`: how fast the joints are on this machine. Figures only; nothing here passes or fails by the clock."""
