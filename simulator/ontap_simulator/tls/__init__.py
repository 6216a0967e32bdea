"""The certificates: a CA of the simulator's own, and what a server shows."""
