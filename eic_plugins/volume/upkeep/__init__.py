"""What ``eic cache`` sees of cached images, and does to them."""
