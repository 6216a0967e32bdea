"""The witnesses of what a volume costs."""

import os

from lab.demo import observe


def test_cpu_of_a_process_is_what_the_kernel_says_of_it():
    user, system, child_user, child_system, _ = os.times()
    accounted = user + system + child_user + child_system
    assert observe._cpu_of(os.getpid()) >= accounted - 4 / os.sysconf('SC_CLK_TCK')


def test_a_process_that_is_gone_used_nothing():
    assert observe._cpu_of(2**22 + 1) == 0
