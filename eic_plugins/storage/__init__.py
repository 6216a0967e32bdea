"""How a pool keeps cached images: as files of a share, as LUNs or as namespaces."""
