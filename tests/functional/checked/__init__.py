"""A cloud's files and services that are as they should be, for tests of checks."""
