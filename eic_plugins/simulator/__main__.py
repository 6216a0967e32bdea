"""``python -m eic_plugins.simulator``, the same as eic-ontap-simulator."""

import sys

from eic_plugins.simulator.main import main

sys.exit(main())
