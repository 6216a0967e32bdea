"""What the API refuses, and with which code. README.md lists what is inferred."""
