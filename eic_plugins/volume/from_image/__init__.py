"""One volume from an image: where its bytes come from, its making, its outcome."""
