"""What makes the simulator's package data out of what others have published."""
