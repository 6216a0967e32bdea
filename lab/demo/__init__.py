"""The main job on real input: `make demo`.

Uploads a raw disk image to Glance, creates volumes from it with the ordinary
``openstack volume create --image`` in each situation, once with EIC's driver
and once with the stock one, and prints what happened side by side: route,
reasons, seconds, bytes, ONTAP calls, and whether the volume has the image's
SHA-256. The same goes to ``demo/result.json`` in the lab's state directory.
"""
