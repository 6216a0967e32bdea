"""What ``eic check`` looks at, and what it says of it.

A check is a function that is given the :class:`~.facts.Facts` of the host and
yields :class:`~.finding.Finding` objects; one that yields none passes. It is
declared by an entry point of ``eic.checks``, whose name is the check's name. A
package of a site's own adds its checks in the same way.
"""
