"""The smallest disk that boots: a sector that prints a text to the serial port.

It shows that QEMU runs a guest here, and it is an image for who wants a server that
boots and no system in it.
"""

import struct

SECTOR = 512
EXIT_PORT = 0xF4
"""Written to at the end. QEMU's isa-debug-exit at this port ends QEMU with status 1."""
_LOADED_AT = 0x7C00
# Glance takes no sector with this signature and without a partition.
_PARTITION = struct.pack('<B3sB3sII', 0x80, b'\0\1\0', 0x83, b'\0\1\0', 0, 1)
_TABLE = _PARTITION.ljust(64, b'\0') + b'\x55\xaa'
# 16 bits: print what is at SI until a zero byte, write to EXIT_PORT, halt.
_CODE = bytes.fromhex(
    'fa'  # cli
    '31c0 8ed8'  # xor ax, ax; mov ds, ax
    'fc'  # cld
    'be{text}'  # mov si, text
    'ac'  # next: lodsb
    '84c0 7406'  # test al, al; jz end
    'baf803 ee'  # mov dx, 0x3f8; out dx, al
    'ebf5'  # jmp next
    'ba{port} b000 ee'  # end: mov dx, EXIT_PORT; mov al, 0; out dx, al
    'f4 ebfd'.format(  # hlt; jmp hlt
        text=(_LOADED_AT + 29).to_bytes(2, 'little').hex(),
        port=EXIT_PORT.to_bytes(2, 'little').hex(),
    )
)


def printing(text: str) -> bytes:
    """A disk of one sector that prints a text, in ASCII, and halts.

    :raises ValueError: it does not fit
    """
    content = _CODE + text.encode('ascii') + b'\0'
    room = SECTOR - len(_TABLE)
    if len(content) > room:
        raise ValueError('The text is too long for a boot sector.')
    return content.ljust(room, b'\0') + _TABLE
