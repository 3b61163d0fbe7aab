//! When a switch was listened to: sessions of a source, from its first event or the return of its link to the loss of it.
//!
//! ```text
//!            first event                     94: link lost, 51: disconnected
//!   (none) ───────────────▶ listening ─────────────────────────────────────▶ blind
//!                              │ ▲  └──▶ another run of the server: next session  │
//!                              │ └────────────────────────────────────────────────┘
//!                              ▼       95: link restored, 50: connected again
//!                       end of the input
//! ```
//!
//! Events that arrive while the link is said to be down belong to no session. What history counts as seen of an interval
//! is the time of its sessions, so that a gap never looks like a quiet night.

use super::world::World;
use crate::model::ids::{EventId, SwitchId};
use crate::model::row::SourceSessionRow;
use crate::model::table::{Site, Tenant};
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::{Micros, ms_between};

/// A session that goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    connect_kind: &'static str,
    connected_at: Micros,
    /// Run of the server.
    epoch: u64,
    last_event_at: Micros,
    last_event: EventId,
    events: i64,
}

impl World {
    /// Notes that a switch spoke.
    #[inline]
    pub(super) fn hear(&mut self, ev: &TEvent<'_>, id: EventId) {
        if let Some(session) = &mut self.switches[ev.switch.index()].session
            && session.epoch == id.epoch
            && !matches!(
                ev.kind,
                EventKind::SERVER_CONNECTED | EventKind::RESTORE_CONNECTION | EventKind::PRIMARY_CHANGED
            )
        {
            session.last_event_at = ev.time;
            session.last_event = id;
            session.events += 1;
        } else {
            self.hear_anew(ev, id);
        }
    }

    /// The first event of a switch, one of another run of its server, or one that says that it is there again.
    #[cold]
    #[inline(never)]
    fn hear_anew(&mut self, ev: &TEvent<'_>, id: EventId) {
        let switch = &self.switches[ev.switch.index()];
        let before = switch.session.map(|session| session.epoch);
        let kind = match (ev.kind, before) {
            // While the link is down only its return begins a session.
            (EventKind::LINK_CONNECTED, None) if switch.down_since.is_some() => "link_restored",
            (EventKind::SERVER_CONNECTED, None) if switch.down_since.is_some() => "reconnect",
            (_, None) if switch.down_since.is_some() => return,
            (_, None) => "first",
            (EventKind::PRIMARY_CHANGED, _) => "switchover",
            (_, Some(epoch)) if epoch != id.epoch => "server_restart",
            _ => "reconnect",
        };
        if before.is_some() {
            self.end_session_of_source(ev.switch, kind, ev.time);
        }
        self.switches[ev.switch.index()].session = Some(Session {
            connect_kind: kind,
            connected_at: ev.time,
            epoch: id.epoch,
            last_event_at: ev.time,
            last_event: id,
            events: 1,
        });
    }

    /// The session of a switch, if there is one, ends; one that lasted no time was none.
    pub(super) fn end_session_of_source(&mut self, switch: SwitchId, how: &'static str, at: Micros) {
        if let Some(session) = self.switches[switch.index()].session.take().filter(|s| s.connected_at < at) {
            self.write_source(switch, &session, Some((how, at)), at);
        }
    }

    /// Writes the sessions that go on at the end of the input.
    pub(super) fn cut_sources(&mut self, until: Micros) {
        for i in 0..self.switches.len() {
            if let Some(session) = self.switches[i].session {
                self.write_source(SwitchId(i as u32), &session, None, until);
            }
        }
    }

    fn write_source(
        &mut self,
        switch: SwitchId,
        session: &Session,
        end: Option<(&'static str, Micros)>,
        until: Micros,
    ) {
        let (how_ended, disconnected_at) = end.unzip();
        self.out.sources.push(SourceSessionRow {
            tenant_id: Tenant(switch),
            source_id: Site(switch),
            session_epoch: session.connected_at.0,
            server_epoch: i64::try_from(session.epoch).unwrap_or(i64::MAX),
            connect_kind: session.connect_kind,
            connected_at: session.connected_at,
            disconnected_at,
            first_event_time: session.connected_at,
            last_event_time: session.last_event_at,
            last_seq: i64::try_from(session.last_event.seq).ok(),
            event_count: session.events,
            duration_ms: ms_between(session.connected_at, until),
            collector_id: None,
            how_ended,
            revision: 1,
            last_event_id: session.last_event,
            written_at: self.now,
        });
    }
}
