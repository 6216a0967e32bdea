"""The plugin of tempest, without a cloud."""
