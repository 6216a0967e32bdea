"""Certificates: the simulator's own CA, and the certificate of its server."""
