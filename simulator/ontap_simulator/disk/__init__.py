"""The file system below: files of a FlexVol, reflinks, extents."""
