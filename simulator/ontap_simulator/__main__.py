"""``python -m ontap_simulator``, the same as eic-ontap-simulator."""

import sys

from ontap_simulator.main import main

sys.exit(main())
