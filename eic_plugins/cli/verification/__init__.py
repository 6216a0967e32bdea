"""What ``eic verify`` tries on an ONTAP, and what it measures."""
