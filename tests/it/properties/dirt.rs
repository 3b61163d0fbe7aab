//! Feeds and what can happen to them: simulated days of one to three switches, and loss, repeats, other orders, cuts,
//! lines that are no events and events that make no sense.

use std::collections::HashMap;

use callfold::model::time::{Micros, Span};
use callfold::simulate::random::Random;
use callfold::simulate::{Floor, Routing, Scenario};

/// Lines with their times, in the order they arrive.
#[derive(Clone)]
pub struct Feed {
    pub lines: Vec<Vec<u8>>,
    pub times: Vec<Micros>,
}

/// Time of a line, as its event says.
fn time_of(line: &[u8]) -> Micros {
    let text = std::str::from_utf8(line).expect("simulated lines are text");
    let number = |key: &str| -> i64 {
        let from = text.find(key).map_or(text.len(), |at| at + key.len());
        let digits: String = text[from..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    };
    Micros::from_parts(number("\"TimeinSecs\":"), number("\"TimeinuSecs\":"))
}

/// An event without a number, as the client library makes it.
fn said(event: &str, at: Micros, dn: Option<&str>, extensions: &str) -> Vec<u8> {
    let (secs, micros) = (at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000));
    let dn = dn.map_or(String::new(), |dn| format!(",\"ThisDN\":\"{dn}\""));
    format!(
        "{{\"Event\":\"{event}\",\"TimeinSecs\":{secs},\"TimeinuSecs\":{micros},\"Switch\":\"east\"{dn},\"Extensions\":{{{extensions}}}}}\n"
    )
    .into_bytes()
}

/// Sequence number of a line; zero without one.
fn number_of(line: &[u8]) -> u64 {
    let event: serde_json::Value = serde_json::from_slice(line).expect("an object");
    event["EventSequenceNumber"].as_u64().unwrap_or(0)
}

impl Feed {
    /// Some 40 minutes across two interval edges, with every kind of call the simulator knows, more often than in life.
    pub fn simulated(seed: u64) -> Self {
        let mut feed = Self { lines: Vec::new(), times: Vec::new() };
        let switches = ["east", "west", "north"];
        for (i, switch) in switches.iter().enumerate().take(1 + seed as usize % 3) {
            let mut scenario = Scenario {
                agents: 12,
                queues: 3,
                seed: seed * 10 + i as u64,
                switch: (*switch).to_owned(),
                agent_offset: i as u32 * 6,
                routing: [Routing::Mixed, Routing::Acd, Routing::RoutingPoint][seed as usize / 3 % 3],
                warm: seed.is_multiple_of(2),
                // 23:40, so that midnight lies inside.
                start: Micros::from_parts(1_699_920_000 - 1200, 0),
                ..Scenario::default()
            };
            let mix = &mut scenario.mix;
            (mix.no_answer, mix.hasty, mix.hold) = (0.1, 0.1, 0.4);
            (mix.transfer, mix.consult, mix.queue_transfer) = (0.15, 0.1, 0.1);
            (mix.single_step_transfer, mix.conference, mix.single_step_conference) = (0.1, 0.1, 0.1);
            (mix.outbound_per_hour, mix.internal_per_hour) = (4.0, 4.0);
            let until = scenario.start + Span::from_mins(40);
            let mut bytes = Vec::new();
            Floor::new(scenario).run_until(until, &mut bytes);
            feed.lines.extend(bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec));
        }
        feed.times = feed.lines.iter().map(|l| time_of(l)).collect();
        feed.sorted_by(|feed, i| feed.times[i].0)
    }

    /// Lines as they are.
    pub fn of_lines(bytes: &[u8]) -> Self {
        let lines: Vec<Vec<u8>> = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let times = lines.iter().map(|l| time_of(l)).collect();
        Self { lines, times }
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.lines.concat()
    }

    fn pick(&self, order: impl Iterator<Item = usize>) -> Self {
        let order: Vec<usize> = order.collect();
        Self {
            lines: order.iter().map(|i| self.lines[*i].clone()).collect(),
            times: order.iter().map(|i| self.times[*i]).collect(),
        }
    }

    fn sorted_by(self, mut key: impl FnMut(&Self, usize) -> i64) -> Self {
        let keys: Vec<i64> = (0..self.lines.len()).map(|i| key(&self, i)).collect();
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        order.sort_by_key(|i| keys[*i]);
        self.pick(order.into_iter())
    }

    /// The shortest feed found, by leaving events out, that still fails.
    pub fn shrunk(self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut feed = self;
        let mut step = feed.lines.len().div_ceil(2);
        loop {
            let (before, mut at) = (feed.lines.len(), 0);
            while at < feed.lines.len() {
                let rest = feed.pick((0..feed.lines.len()).filter(|i| !(at..at + step).contains(i)));
                if fails(&rest) {
                    feed = rest;
                } else {
                    at += step;
                }
            }
            if step == 1 && feed.lines.len() == before {
                return feed;
            }
            step = step.div_ceil(2);
        }
    }

    /// What happens to all but the first and the last event of each switch.
    pub fn inner(self, happens: impl FnOnce(Self) -> Self) -> Self {
        let switch = |line: &[u8]| -> String {
            let event: serde_json::Value = serde_json::from_slice(line).expect("an object");
            event["Switch"].as_str().unwrap_or_default().to_owned()
        };
        let switches: Vec<String> = self.lines.iter().map(|l| switch(l)).collect();
        let is_end = |i: usize| {
            let others = |mut places: std::ops::Range<usize>| places.any(|j| switches[j] == switches[i]);
            !others(0..i) || !others(i + 1..switches.len())
        };
        let ends: Vec<usize> = (0..self.lines.len()).filter(|i| is_end(*i)).collect();
        let kept = self.pick(ends.iter().copied());
        let rest = happens(self.pick((0..self.lines.len()).filter(|i| !ends.contains(i))));
        let mut all: Vec<(Micros, Vec<u8>)> = kept.times.into_iter().zip(kept.lines).collect();
        all.extend(rest.times.into_iter().zip(rest.lines));
        all.sort_by_key(|(at, line)| (*at, number_of(line)));
        Self { times: all.iter().map(|a| a.0).collect(), lines: all.into_iter().map(|a| a.1).collect() }
    }

    /// Loses a share of the events.
    pub fn dropping(self, share: f64, random: &mut Random) -> Self {
        let kept: Vec<usize> = (0..self.lines.len()).filter(|_| !random.chance(share)).collect();
        self.pick(kept.into_iter())
    }

    /// Takes out some stretches of a few minutes as an outage of the link does, and puts snapshots after them that know
    /// nothing of what went on, or of calls nobody saw.
    pub fn with_outages(self, random: &mut Random) -> Self {
        let mut feed = self;
        for _ in 0..random.below(3) {
            let n = feed.lines.len();
            let from = random.below(n as u32) as usize;
            let to = (from + 5 + random.below(200) as usize).min(n - 1);
            let (began, ended) = (feed.times[from], feed.times[to]);
            let mut out = vec![said("EventLinkDisconnected", began, None, "")];
            out.push(said("EventLinkConnected", ended, None, ""));
            for phone in 1..10 {
                let list = match random.below(4) {
                    0 => "\"status\":0".to_owned(),
                    1 => format!("\"conn-1\":\"{:016x}\",\"ps-1\":{}", random.below(400), 9 + random.below(6)),
                    2 => format!("\"status\":0,\"AgentID\":\"{}\",\"AgentStatus\":{}", 100 + phone, random.below(5)),
                    _ => "\"status\":3".to_owned(),
                };
                let dn = if phone == 9 { "8001".to_owned() } else { format!("70{phone:02}") };
                out.push(said("EventRegistered", ended, Some(&dn), &list));
            }
            let times = out.iter().map(|l| time_of(l));
            let times: Vec<Micros> = times.collect();
            feed.lines.splice(from..to, out);
            feed.times.splice(from..to, times);
        }
        feed
    }

    /// From some event on the server's clock is minutes early or late.
    pub fn with_clock_steps(mut self, random: &mut Random) -> Self {
        let from = random.below(self.lines.len() as u32) as usize;
        let step = random.between(-300, 300);
        for (line, time) in self.lines.iter_mut().zip(&mut self.times).skip(from) {
            let text = String::from_utf8_lossy(line).into_owned();
            let secs = time.0.div_euclid(1_000_000);
            *line = text
                .replacen(&format!("\"TimeinSecs\":{secs}"), &format!("\"TimeinSecs\":{}", secs + step), 1)
                .into_bytes();
            *time = time_of(line);
        }
        self
    }

    /// Ends somewhere.
    pub fn cut(self, random: &mut Random) -> Self {
        let n = 1 + random.below(self.lines.len() as u32 - 1) as usize;
        self.pick(0..n)
    }

    /// Says a share of the events again, up to fifty events later.
    pub fn repeating(self, share: f64, random: &mut Random) -> Self {
        let n = self.lines.len();
        let mut order: Vec<(usize, usize)> = (0..n).map(|i| (i, i)).collect();
        for i in 0..n {
            // EventServerConnected said again is another connection, whatever its number (4).
            let connects = self.lines[i].windows(20).any(|w| w == b"EventServerConnected");
            if !connects && random.chance(share) {
                order.push((i + random.below(50) as usize, i));
            }
        }
        // Equal places keep their order: the first copy is the original.
        order.sort_by_key(|(place, _)| *place);
        self.pick(order.into_iter().map(|(_, i)| i))
    }

    /// Delays each event by up to `window`; the order is that of arrival.
    pub fn reordering(self, window: Span, random: &mut Random) -> Self {
        let first = self.pick(0..1);
        let rest = self.pick(1..self.lines.len());
        let mut rest = rest.sorted_by(|feed, i| feed.times[i].0 + random.between(0, window.0));
        // The very first event opens the source: nothing can tell that a number before it is missing.
        rest.lines.insert(0, first.lines[0].clone());
        rest.times.insert(0, first.times[0]);
        rest
    }

    /// The bytes with lines that are no events between.
    pub fn littered(&self, share: f64, random: &mut Random) -> Vec<u8> {
        let litter: [&[u8]; 7] = [
            b"not json at all\n",
            b"{\"Event\":\"EventRinging\",\"TimeinSecs\":\n",
            b"\xff\xfe\x00\x01\n",
            b"[]\n",
            b"{\"TimeinSecs\":1699920000}\n",
            b"{\"Event\":\"EventRinging\"}\n",
            b"{\"Event\":\"EventRinging\",\"TimeinSecs\":\"soon\"}\n",
        ];
        let mut bytes = Vec::new();
        for line in &self.lines {
            if random.chance(share) {
                bytes.extend_from_slice(litter[random.below(litter.len() as u32) as usize]);
            }
            bytes.extend_from_slice(line);
        }
        bytes
    }

    /// Puts into a share of the events what another event of the feed says there.
    pub fn garbling(mut self, share: f64, random: &mut Random) -> Self {
        const KEYS: [&str; 10] = [
            "Event",
            "ThisDN",
            "ConnID",
            "PreviousConnID",
            "CallState",
            "CallType",
            "ThisQueue",
            "ThirdPartyDN",
            "ThisDNRole",
            "AgentID",
        ];
        let parsed: Vec<serde_json::Map<String, serde_json::Value>> =
            self.lines.iter().map(|l| serde_json::from_slice(l).expect("simulated lines are objects")).collect();
        let mut said: HashMap<&str, Vec<serde_json::Value>> = HashMap::new();
        for event in &parsed {
            for key in KEYS {
                if let Some(value) = event.get(key) {
                    said.entry(key).or_default().push(value.clone());
                }
            }
        }
        for (line, mut event) in self.lines.iter_mut().zip(parsed) {
            if !random.chance(share) {
                continue;
            }
            let key = KEYS[random.below(KEYS.len() as u32) as usize];
            match said.get(key) {
                Some(values) if random.chance(0.9) => {
                    let value = &values[random.below(values.len() as u32) as usize];
                    event.insert(key.to_owned(), value.clone());
                }
                _ => {
                    event.remove(key);
                }
            }
            if event.contains_key("Event") {
                *line = format!("{}\n", serde_json::Value::Object(event)).into_bytes();
            }
        }
        self
    }
}
