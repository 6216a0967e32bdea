"""ONTAP over REST: the only package that knows a REST path.

``session`` carries requests on netapp-ontap's ``HostConnection`` (its
authentication, TLS, retries and pooling); ``jobs`` waits for asynchronous
work; ``namespace`` turns NFS servers and paths into FlexVols; ``files`` clones,
copies, renames and deletes files, ``block`` LUNs and NVMe namespaces.
"""
