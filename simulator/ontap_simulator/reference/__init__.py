"""What ONTAP's published API description says: resources, fields, calls, statuses.

``data.json`` is made by ``python -m tools`` and names its sources.
"""
