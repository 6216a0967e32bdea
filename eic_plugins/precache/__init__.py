"""Cached images before anybody asks: precached ones, and ones in demand."""
