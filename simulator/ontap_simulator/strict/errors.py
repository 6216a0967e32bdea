"""The errors of requests that do not fit the API's description."""

from ontap_simulator.errors.common import OntapError


class UnknownFieldError(OntapError):
    """``fields=`` has a name that the resource does not have."""

    code = '262197'

    def __init__(self, name: str, target: str = 'fields') -> None:
        super().__init__(
            f'The value "{name}" is invalid for field "{target}" (<field,...>)',
            target=target,
        )


class NotReadableError(OntapError):
    """``fields=`` or a filter has a name that is only for POST and PATCH."""

    code = '262249'


class NotQueryableError(NotReadableError):
    """The same, as a filter."""

    code = '262250'


class NoFilterForPostError(OntapError):
    """POST takes properties in its body alone."""

    code = '262211'


class NotSortableError(OntapError):
    """``order_by=`` has a name that the resource does not have."""

    code = '262268'


class NotSettableError(OntapError):
    """A property that this call cannot set."""

    code = '262196'


class NotChangeableError(OntapError):
    """A property that POST can set, and PATCH cannot change."""

    code = '262203'


class NothingToChangeError(OntapError):
    """A PATCH without any property."""

    code = '262190'


class BodyNotAllowedError(OntapError):
    """GET, HEAD and DELETE have no body."""

    code = '262198'


class CliWildcardError(OntapError):
    """The passthrough to the CLI has no ``fields=*``."""

    code = '262220'
