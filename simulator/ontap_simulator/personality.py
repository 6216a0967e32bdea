"""What nobody knows of a real ONTAP, and the answers that the cluster can give.

A trait is one such open question. Its first choice is what the simulator takes to
be true. A test sets another one, to see that its client works either way::

    PATCH /simulator/v1/personality   {"clone_owner": "root"}

====================== ====================================================
Trait                  Choices
====================== ====================================================
``clone_owner``        a clone of a file has the owner and the mode of its
                       ``source``, or is of ``root`` alone (mode 0600)
``rename_existing``    a rename onto an existing file is ``refused``, or
                       the file is ``replaced``
``file_resize``        PATCH of ``size`` ``grows`` a file too, or is
                       ``refused`` if the file is smaller
``copy_path``          paths of file copies may be ``any``, or must be
                       ``relative``, or begin ``with_volume``
``return_timeout``     ``honoured``, or ``ignored``: always 202 and a job
``job_links``          an answer's job is ``found``, or ``missing`` at once
``file_copy_peering``  a peering counts in ``either`` direction, or only if
                       it was made from the ``source`` SVM, or from the
                       ``destination``
``split_status``       ``shown``, ``refused`` as to the user of an SVM, or
                       ``empty``
``symbolic_links``     file clone and copy see the ``link``, or its
                       ``target``
``clone_visible``      a file's clone is there ``at_once``, or ``late``:
                       a quarter of a second after the answer
``speed``              ``fast``, or ``slow``: each call and each job takes a
                       tenth of a second longer
``private_cli_lun``    ``lun create`` by REST is ``served``, or ``refused``
====================== ====================================================
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        'clone_owner': ('source', 'root'),
        'rename_existing': ('refused', 'replaced'),
        'file_resize': ('grows', 'refused'),
        'copy_path': ('any', 'relative', 'with_volume'),
        'return_timeout': ('honoured', 'ignored'),
        'job_links': ('found', 'missing'),
        'file_copy_peering': ('either', 'source', 'destination'),
        'split_status': ('shown', 'refused', 'empty'),
        'symbolic_links': ('link', 'target'),
        'clone_visible': ('at_once', 'late'),
        'speed': ('fast', 'slow'),
        'private_cli_lun': ('served', 'refused'),
    }
)
"""The choices of each trait; the first one is the simulator's own."""

LATE_SECONDS = 0.25
SLOW_SECONDS = 0.1


@dataclasses.dataclass
class Personality:
    """The choice of each trait, which can be changed while the cluster runs."""

    clone_owner: str = 'source'
    rename_existing: str = 'refused'
    file_resize: str = 'grows'
    copy_path: str = 'any'
    return_timeout: str = 'honoured'
    job_links: str = 'found'
    file_copy_peering: str = 'either'
    split_status: str = 'shown'
    symbolic_links: str = 'link'
    clone_visible: str = 'at_once'
    speed: str = 'fast'
    private_cli_lun: str = 'served'

    def choose(self, traits: Mapping[str, object]) -> None:
        """Make these choices; all others stay.

        :raises ValueError: there is no such trait or choice, and nothing is chosen
        """
        for name, choice in traits.items():
            if choice not in CHOICES.get(name, ()):
                raise ValueError(name)
        for name, choice in traits.items():
            setattr(self, name, choice)

    def reset(self) -> None:
        """Back to the first choice of each trait."""
        self.choose({name: choices[0] for name, choices in CHOICES.items()})
