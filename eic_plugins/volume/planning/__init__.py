"""What ``eic plan`` foresees: the driver's decision, without the driver."""
