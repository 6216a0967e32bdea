"""Tests that tempest runs: ``tempest run --regex eic_plugins.tempest_plugin``."""
