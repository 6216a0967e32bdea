"""/support/ems/application-logs: messages that are kept and not sent on."""

from http import HTTPStatus

from ontap_simulator.responses.base import Answer, Call


def post_application_log(call: Call) -> Answer:
    call.cluster.ems.append(call.body)
    return Answer(status=HTTPStatus.CREATED)
