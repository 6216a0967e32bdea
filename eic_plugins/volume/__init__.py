"""Cinder volume drivers: subclasses of the stock NetApp drivers."""
