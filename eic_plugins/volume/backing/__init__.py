"""What a backend keeps cached images on: shares of files, or devices."""
