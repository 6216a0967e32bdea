"""An adversary's suite: each attack says what it must not obtain.

``storage`` attacks the drivers over the simulator, as somebody who may write to
a share or LUN of the same cluster, or who owns images and volumes;
``cinder_api`` and ``nova_api`` attack the filters in the real APIs. A process
for each, as for the suites whose fixtures they use.
"""
