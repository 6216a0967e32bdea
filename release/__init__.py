"""How a release is built and checked: ``make release``; docs/releases.md says more."""
