"""An image whose guest boots, and says what it finds on its disk.

``parts`` fetches Debian's kernel and tools, ``initramfs`` packs what the guest runs
(``init.sh``), ``image`` lays out the disk, ``hostile`` has what a guest may write over
it, and ``words`` reads what a guest has said on its serial console. Servers on the
lab's hosts with real guests boot from it: in the demo, the end-to-end tests and the
benchmarks.
"""
