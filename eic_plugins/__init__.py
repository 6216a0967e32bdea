"""Enhanced Instance Creation for OpenStack on NetApp ONTAP."""
