"""The table of contents: everything that this service can do, by name."""

from __future__ import annotations

from dataclasses import dataclass

from bff_backoffice.application.alerts import ListAlerts
from bff_backoffice.application.dashboard import ComposeDashboard, ComposeWidget
from bff_backoffice.application.devices import Attendance
from bff_backoffice.application.downtime_pack import ComposeDowntimePack
from bff_backoffice.application.event_pushes import ReceivePushed
from bff_backoffice.application.health import CheckReadiness
from bff_backoffice.application.jobs import RequestJob
from bff_backoffice.application.live_events_following import LiveEvents
from bff_backoffice.application.lookups import Lookups
from bff_backoffice.application.machines import IdentifyMachine
from bff_backoffice.application.mutations import Acting
from bff_backoffice.application.ports import Clock, OwnKeys
from bff_backoffice.application.preferences.read import ReadPreferences
from bff_backoffice.application.preferences.shortcuts import ReadShortcuts
from bff_backoffice.application.preferences.start import PrepareStart
from bff_backoffice.application.rate_limits import LimitRequests
from bff_backoffice.application.sessions.authenticate import Authenticate, ProveKey
from bff_backoffice.application.sessions.force_logout import ForceLogout, ForgetOperator
from bff_backoffice.application.sessions.lifecycle import ChooseProperty, CloseSession, RefreshSession
from bff_backoffice.application.suggestions import ListSuggestions
from bff_backoffice.application.sync import Syncing
from bff_backoffice.application.workbench import ComposeBoard

__all__ = ["UseCases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """One field a use case; the composition root fills them all or does not start."""

    clock: Clock
    own_keys: OwnKeys
    authenticate: Authenticate
    prove_key: ProveKey
    identify_machine: IdentifyMachine
    receive_pushed: ReceivePushed
    limit_requests: LimitRequests
    refresh_session: RefreshSession
    close_session: CloseSession
    choose_property: ChooseProperty
    force_logout: ForceLogout
    forget_operator: ForgetOperator
    compose_dashboard: ComposeDashboard
    compose_widget: ComposeWidget
    compose_board: ComposeBoard
    read_preferences: ReadPreferences
    read_shortcuts: ReadShortcuts
    prepare_start: PrepareStart
    compose_downtime_pack: ComposeDowntimePack
    lookups: Lookups
    list_suggestions: ListSuggestions
    list_alerts: ListAlerts
    acting: Acting
    attendance: Attendance
    syncing: Syncing
    request_job: RequestJob
    live_events: LiveEvents
    check_readiness: CheckReadiness
