"""/proc is read as the kernel writes it."""

import os
import socket

from lab import proc


def test_a_process_name_may_hold_brackets_and_blanks():
    fields = ' '.join(['S', '7', '42', *['0'] * 16, '987654', '0'])
    seen = proc.parse_stat(f'12 (a) b (c)) {fields}')
    assert seen == proc.Stat('a) b (c)', 'S', 7, 42, 987654)
    assert seen.running


def test_a_zombie_does_not_run():
    fields = ' '.join(['Z', '7', '42', *['0'] * 16, '1'])
    assert not proc.parse_stat(f'12 (x) {fields}').running


def test_there_is_nothing_to_say_of_a_process_that_is_gone():
    assert proc.stat(2**22 + 1) is None
    assert proc.mount_namespace(2**22 + 1) == ''
    assert proc.environment(2**22 + 1) == {}


def test_the_lineage_leads_from_a_process_upwards():
    line = list(proc.lineage(os.getpid()))
    assert line[0] == os.getpid()
    assert os.getppid() in (*line, 0, 1)


def test_a_listener_is_found_with_its_owner():
    with socket.create_server(('127.0.0.1', 0)) as server:
        inode = proc.listeners()[server.getsockname()]
        assert proc.socket_owner(inode) == os.getpid()


def test_addresses_of_both_families_are_understood():
    text = (
        '  sl  local_address rem_address   st\n'
        '   0: 010B007F:480B 00000000:0000 0A 0:0 0:0 0 0 0 111 1\n'
        '   1: 0100007F:0016 00000000:0000 01 0:0 0:0 0 0 0 222 1\n'
        '   2: 00000000000000000000000000000000:0050 '
        '00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 333 1\n'
    )
    assert proc.parse_listeners(text) == {
        ('127.0.11.1', 18443): '111',
        ('::', 80): '333',
    }
