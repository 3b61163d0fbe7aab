//! Going on where an earlier run stopped: of which switches nothing was heard since, and what the fold is told when one speaks again.
//!
//! In: the sources as they stood, and events that pass. Out: a [`Return`] for the first event of each switch. Where its number is the next one, nothing
//! was missed and nothing is told. Else the switch was not listened to from the stop until now. Refuses to know what that means for a call.

use super::order::Source;
use crate::model::ids::{EventId, SwitchId};
use crate::model::tevent::{EventKind, TEvent};
use crate::model::time::Micros;

/// What was missed before the first event of a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// Whether the fold has to be told that the switch was not listened to: it was not told before.
    pub lost: bool,
    /// From when on it is listened to again; `None` where nothing is to be told.
    pub back: Option<Micros>,
}

/// A switch that was listened to when the earlier run stopped.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    switch: SwitchId,
    /// Run of the server.
    epoch: u64,
    /// The number that would be the next.
    next: Option<u64>,
    /// The fold knows that nobody listens.
    is_down: bool,
}

/// The switches that have not spoken since.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// Until when the earlier run has seen everything.
    pub at: Micros,
    waiting: Vec<Waiting>,
}

impl Resumed {
    /// Waits for the switches of `sources` for which `is_linked` holds; `None` when there are none.
    pub fn new(at: Micros, sources: &[Source], is_linked: impl Fn(SwitchId) -> bool) -> Option<Box<Self>> {
        let all = sources.iter().enumerate().map(|(i, source)| (SwitchId(i as u32), source));
        let spoke = all.filter(|(switch, source)| source.events > 0 && is_linked(*switch));
        let waiting: Vec<_> = spoke
            .map(|(switch, source)| {
                let (epoch, next) = source.place();
                Waiting { switch, epoch, next, is_down: false }
            })
            .collect();
        (!waiting.is_empty()).then(|| Box::new(Self { at, waiting }))
    }

    /// Whether every switch has spoken.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether the fold still takes some switch for one that is listened to.
    #[must_use]
    pub fn hopes(&self) -> bool {
        self.waiting.iter().any(|waiting| !waiting.is_down)
    }

    /// The switches that the fold has to be told of now, with the runs of their servers: it has been long enough.
    pub fn give_up(&mut self) -> Vec<(SwitchId, u64)> {
        let hoped = self.waiting.iter_mut().filter(|waiting| !waiting.is_down);
        hoped
            .map(|waiting| {
                waiting.is_down = true;
                (waiting.switch, waiting.epoch)
            })
            .collect()
    }

    /// What was missed before this event at `time`; `None` when its switch is not waited for.
    pub fn hear(&mut self, ev: &TEvent<'_>, id: EventId, time: Micros) -> Option<Return> {
        let place = self.waiting.iter().position(|waiting| waiting.switch == ev.switch)?;
        let waiting = self.waiting.swap_remove(place);
        let is_next = waiting.epoch == id.epoch && waiting.next == Some(id.seq);
        // What is said of the link itself is told by the event.
        let tells = matches!(
            ev.kind,
            EventKind::SERVER_CONNECTED
                | EventKind::LINK_CONNECTED
                | EventKind::SERVER_DISCONNECTED
                | EventKind::LINK_DISCONNECTED
        );
        let is_told = waiting.is_down || !is_next;
        let back = (is_told && !tells).then_some(time.max(self.at));
        Some(Return { lost: !is_next && !waiting.is_down, back })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Span;

    const EAST: SwitchId = SwitchId(0);

    fn event(kind: EventKind, seq: Option<u64>) -> TEvent<'static> {
        TEvent { seq, ..TEvent::new(kind, Micros(9_000), EAST) }
    }

    fn id(seq: u64) -> EventId {
        EventId { switch: EAST, epoch: 0, seq }
    }

    /// A switch whose last number was 7.
    fn resumed() -> Resumed {
        let mut source = Source::new();
        let _ = source.judge(&event(EventKind::RINGING, Some(7)), Span(0));
        source.clamp(Micros(1_000));
        *Resumed::new(Micros(5_000), &[source], |_| true).expect("a switch spoke")
    }

    #[test]
    fn the_next_number_says_that_nothing_was_missed() {
        let mut own = resumed();
        let ev = event(EventKind::RINGING, Some(8));
        assert_eq!(own.hear(&ev, id(8), ev.time), Some(Return { lost: false, back: None }));
        assert!(own.is_over() && own.hear(&ev, id(9), ev.time).is_none());
        // It had been given up, and what others said since may rest on that.
        let mut own = resumed();
        assert_eq!((own.hopes(), own.give_up(), own.hopes()), (true, vec![(EAST, 0)], false));
        assert!(own.give_up().is_empty());
        assert_eq!(own.hear(&ev, id(8), ev.time), Some(Return { lost: false, back: Some(Micros(9_000)) }));
    }

    #[test]
    fn any_other_event_ends_a_time_in_which_nobody_listened() {
        let gap = Return { lost: true, back: Some(Micros(9_000)) };
        let ev = event(EventKind::RINGING, Some(9));
        assert_eq!(resumed().hear(&ev, id(9), ev.time), Some(gap));
        let ev = event(EventKind::RINGING, None);
        assert_eq!(resumed().hear(&ev, id(u64::MAX), ev.time), Some(gap), "without a number nobody can know");
        let ev = event(EventKind::LINK_CONNECTED, Some(9));
        assert_eq!(resumed().hear(&ev, id(9), ev.time), Some(Return { lost: true, back: None }), "it says so itself");
        assert!(Resumed::new(Micros(5), &[Source::new()], |_| true).is_none(), "it never spoke");
    }
}
