"""Sphinx's configuration of the documentation site: ``make docs``.

The manuals are read as they are. ``docs/site/pages.py`` brings in those that are
elsewhere in the repository, and ``docs/site/drawings.py`` draws what is to be drawn.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / 'site'))

project = 'eic-plugins'
author = 'the authors of eic-plugins'
copyright = f'2026, {author}'
extensions = [
    'myst_parser',
    'oslo_config.sphinxext',
    'cliff.sphinxext',
    'pages',
    'drawings',
]
# openstackdocstheme has the menus of openstack.org, as if this were a project of it;
# and furo is readable on a small screen, and in the dark.
html_theme = 'furo'
html_title = 'eic-plugins'
html_static_path = ['site/static']
html_css_files = ['eic.css']
myst_enable_extensions = ['attrs_inline']
# The forge draws such a block by itself.
myst_fence_as_directive = ['mermaid']
myst_heading_anchors = 4
autoprogram_cliff_application = 'eic'
nitpicky = True
