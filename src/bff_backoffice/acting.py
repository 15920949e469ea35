"""What changes things, put together: a part of the composition root, which is the only one that imports it."""

from __future__ import annotations

from collections.abc import Mapping

from bff_backoffice.application.flights import Flights
from bff_backoffice.application.forgetting import ForgetViews
from bff_backoffice.application.mutations import Acting, ForwardMutation, Look
from bff_backoffice.application.mutations_dispatch import Tools
from bff_backoffice.application.mutations_ports import Forwarder
from bff_backoffice.application.mutations_second_factors import SecondFactors
from bff_backoffice.application.mutations_step_up import StepUp, WrongCodes
from bff_backoffice.application.mutations_telling import TellOfMutation
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.projections import Projection, ProjectionCache
from bff_backoffice.application.telemetry import Telemetry
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.gateways import Gateways
from bff_backoffice.infrastructure.observability import Metrics
from bff_backoffice.infrastructure.postgres.attestations import PostgresAttestations
from bff_backoffice.infrastructure.postgres.idempotency import PostgresIdempotency
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.sealing import AnswerSeal
from bff_backoffice.settings import Settings

__all__ = ["acting_of", "answer_seal"]


def acting_of(
    settings: Settings,
    metrics: Metrics,
    database: Database,
    gateways: Gateways,
    *,
    writers: Mapping[Source, Forwarder],
    looks: Mapping[str, Look],
    wrong_codes: WrongCodes,
    cache: ProjectionCache,
    flights: Flights[Projection],
    telemetry: Telemetry,
    clock: Clock,
) -> Acting:
    """Put them together.

    Raises:
        ValueError: `BFF_ANSWER_SECRETS` is missing or too short.
    """
    attestations = PostgresAttestations(database)
    forward_mutation = ForwardMutation(
        tools=Tools(
            keys=PostgresIdempotency(database, answer_seal(settings)),
            upstreams={**_owners_of_things(gateways), **writers},
            views=ForgetViews(cache=cache, flights=flights, observer=metrics),
            lease_seconds=settings.idempotency_lease_seconds,
            tell=TellOfMutation(telemetry=telemetry),
        ),
        second_factors=SecondFactors(attestations=attestations, policies=gateways.tenant),
        places={Source.LOCK_INTEGRATION: gateways.lock_integration},
        owners={Source.BILLING: gateways.billing},
        clock=clock,
        looks=looks,
    )
    step_up = StepUp(judge=gateways.iam, keeper=attestations, wrong_codes=wrong_codes, clock=clock)
    return Acting(forward_mutation=forward_mutation, step_up=step_up)


def _owners_of_things(gateways: Gateways) -> Mapping[Source, Forwarder]:
    return {
        Source.RESERVATION: gateways.reservation,
        Source.HOUSEKEEPING: gateways.housekeeping,
        Source.MAINTENANCE: gateways.maintenance,
        Source.BILLING: gateways.billing,
        Source.LOCK_INTEGRATION: gateways.lock_integration,
    }


def answer_seal(settings: Settings) -> AnswerSeal:
    """Return what seals kept answers.

    Raises:
        ValueError: there is no secret, or one is too short; the message names the setting and says how to mend it.
    """
    if settings.answer_secrets is None:
        raise ValueError(
            "BFF_ANSWER_SECRETS: is not set. Kept answers of mutations are encrypted with it. Make one with "
            "`openssl rand -base64 32` and keep it where the other secrets are."
        )
    given = settings.answer_secrets.get_secret_value().split(",")
    secrets = [part.strip().encode() for part in given if part.strip()]
    try:
        return AnswerSeal(secrets)
    except ValueError as error:
        raise ValueError(f"BFF_ANSWER_SECRETS: {error}. Make one with `openssl rand -base64 32`.") from None
