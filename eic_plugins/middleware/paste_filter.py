"""The skeleton of both paste filters: options, and a short way past them.

A filter is an :class:`oslo_middleware.base.ConfigurableMiddleware`: it is made by
its ``factory``, and its section of api-paste.ini may say ``oslo_config_project``,
``oslo_config_file`` and ``oslo_config_program``, as with all of oslo.middleware.
Without them the options are those of the API that loads it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from oslo_config import cfg
from oslo_log import log as logging
from oslo_middleware import base

from eic_plugins import config
from eic_plugins.middleware import body
from eic_plugins.middleware.metrics import UNCOUNTED, FilterMetrics
from eic_plugins.middleware.subrequest import StartResponse, WSGIApp

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = logging.getLogger(__name__)

Decision = TypeVar('Decision')
OSLO_OPTIONS = frozenset(
    {'oslo_config_project', 'oslo_config_file', 'oslo_config_program'}
)
"""What each filter of oslo.middleware takes beside its own options."""


class PasteFilter(base.ConfigurableMiddleware, Generic[Decision]):
    """WSGI middleware that looks at few requests and answers none."""

    OPTIONS: ClassVar[Sequence[cfg.Opt]]
    """What may stand in the filter's section, of group ``[eic]``."""
    JSON_TYPES: ClassVar[frozenset[str]]
    """The content types in which the API reads a document."""

    application: WSGIApp
    counts: FilterMetrics = UNCOUNTED

    @classmethod
    def factory(
        cls, global_conf: dict[str, Any] | None, **local_conf: Any
    ) -> Callable[['WSGIApplication'], Self]:
        """What ``paste.filter_factory`` names.

        :raises ValueError: the section has an option that there is not
        """
        known = {*OSLO_OPTIONS, *(opt.dest for opt in cls.OPTIONS)}
        for name in sorted(local_conf.keys() - known):
            raise ValueError(
                f'api-paste.ini: the filter eic has no option {name!r}; it '
                f'takes {", ".join(sorted(known))}'
            )
        return super().factory(global_conf, **local_conf)

    def __call__(
        self, environ: body.Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Pass the request on, or have it handled.

        Plain WSGI, because it is done for each request to the API. The
        ``__call__`` of the base class makes a WebOb request and a WebOb response
        of each. That takes twenty microseconds, and this a fraction of one.
        """
        return (self.handler(environ) or self.application)(environ, start_response)

    def handler(self, environ: body.Environ) -> WSGIApp | None:
        """What handles the request, None to pass it on as it came."""
        raise NotImplementedError

    def decide(self, environ: body.Environ, document: Any) -> tuple[Decision, Any]:
        """What to do with a request to create something.

        :param document: None if the API could not read it either
        :returns: the decision, and the document to send on; None for what came
        :raises Exception: what is done then is :meth:`decision_after_error`
        """
        raise NotImplementedError

    def decision_after_error(self) -> Decision:
        """The decision to let the request go on as it came."""
        raise NotImplementedError

    def carry_out(
        self,
        decision: Decision,
        received: bytes,
        changed: bytes | None,
        environ: body.Environ,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """Send the request on as it was decided.

        :param received: the body as it came
        :param changed: the one to send on, None for the one that came
        """
        raise NotImplementedError

    def create(
        self, environ: body.Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Handle a request to create something."""
        content_type = environ.get('CONTENT_TYPE', '').partition(';')[0].strip()
        received = body.read(environ) if content_type in self.JSON_TYPES else None
        if received is None:
            return self.application(environ, start_response)
        changed = None
        try:
            # Read and written from the same frame. How deep a document may be
            # nested depends on that, and what was read must not fail at writing.
            decision, document = self.decide(environ, body.parse(received))
            if document is not None:
                changed = body.serialise(document)
        except Exception:
            LOG.exception(
                'An error of the EIC filter, not of the request, '
                'which goes on as it came.'
            )
            self.counts.error()
            decision = self.decision_after_error()
        return self.carry_out(decision, received, changed, environ, start_response)

    def options(self) -> dict[str, Any]:
        """The filter's options: ``[eic]``, with those of its section on top.

        :raises ValueError: an option of the section is not of its type
        """
        config.register(self.oslo_conf)
        return with_overrides(self.oslo_conf, self.conf, self.OPTIONS)


def with_overrides(
    conf: cfg.ConfigOpts, overrides: Mapping[str, str], opts: Sequence[cfg.Opt]
) -> dict[str, Any]:
    """The values of ``opts`` in ``[eic]``, with those of ``overrides`` on top.

    :param overrides: may have more, which is not looked at
    :raises ValueError: an override is not of its option's type
    """
    options = {opt.dest: conf[config.GROUP][opt.dest] for opt in opts}
    for opt in opts:
        if opt.dest not in overrides:
            continue
        text = overrides[opt.dest]
        try:
            options[opt.dest] = opt.type(text)
        except ValueError as err:
            raise ValueError(f'api-paste.ini: {opt.dest} = {text}: {err}') from err
    return options
