"""What ONTAP refuses before it looks at the resource: names, values, bodies."""
