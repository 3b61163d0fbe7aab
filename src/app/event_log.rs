//! The event log read back: rows of `event_log` become lines of the feed again, in the order in which they were folded.
//!
//! In: the files of a store. Out: chunks of lines, and before some of them what lines cannot say: how far time had gone on by
//! itself, and numbers that were devices already. A partition without reorder window that is fed so folds the same events to
//! the same rows. Holds the row groups that overlap at one instant, nothing more. Knows nothing of what an event means.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::engine::partition::{Partition, Position};
use crate::fold::privacy::KEY_MARK;
use crate::model::row::EventLogRow;
use crate::model::table::Row;
use crate::model::tevent::CallType;
use crate::model::time::{Micros, Span};
use crate::model::userdata::quote_into;
use crate::sink::{self, Block, NO_INT, NO_LONG, ReadError, Reader, StoreError, TextColumn};

/// Bytes of lines after which a chunk is full.
const CHUNK_BYTES: usize = 256 * 1024;

/// How often time passes in a silence; what depends on it looks at much longer ones.
const TICK_EVERY: Span = Span::from_mins(1);

/// Where a column of the log is, known before the program runs: an event has dozens of cells.
const fn place(name: &str) -> usize {
    let (columns, name) = (EventLogRow::TABLE.columns, name.as_bytes());
    let mut at = 0;
    while at < columns.len() {
        let own = columns[at].name.as_bytes();
        let mut same = 0;
        while own.len() == name.len() && same < name.len() && own[same] == name[same] {
            same += 1;
        }
        if same == name.len() {
            return at;
        }
        at += 1;
    }
    panic!("the log has no such column")
}

/// Why the log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The store cannot be looked through.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] ReadError),
}

/// A row group of the log.
#[derive(Clone, Debug)]
struct Group {
    path: PathBuf,
    at: usize,
    rows: u64,
    first: i64,
    last: i64,
    /// Its share of the bytes of its file.
    bytes: u64,
}

/// The event log of a store.
#[derive(Clone, Debug)]
pub struct Log {
    groups: Vec<Group>,
    /// Whether a live program wrote any of it.
    pub is_live: bool,
}

impl Log {
    /// Finds the log of the store in `root`; `None` when it has none.
    ///
    /// # Errors
    /// When a directory, a manifest or a footer cannot be read.
    pub fn find(root: &Path) -> Result<Option<Self>, LogError> {
        let reader = Reader::default();
        let mut log = Self { groups: Vec::new(), is_live: false };
        for partition in sink::survey(root)?.into_iter().filter(|p| p.table == EventLogRow::TABLE.name) {
            for name in &partition.files {
                let path = partition.dir.join(name);
                let spans = reader.spans(&path, EventLogRow::TABLE.time)?;
                let entry = partition.manifest.iter().flat_map(|m| &m.files).find(|file| file.name == *name);
                let (bytes, rows) = (entry.map_or(0, |file| file.bytes), spans.iter().map(|s| s.rows).sum::<u64>());
                log.is_live |= entry.is_some_and(|file| file.writer == "live");
                for (at, span) in spans.iter().enumerate() {
                    let bytes = bytes * span.rows / rows.max(1);
                    let (first, last) = (span.first, span.last);
                    log.groups.push(Group { path: path.clone(), at, rows: span.rows, first, last, bytes });
                }
            }
        }
        log.groups.sort_by(|a, b| (a.first, a.last, &a.path, a.at).cmp(&(b.first, b.last, &b.path, b.at)));
        Ok(Some(log).filter(|log| !log.groups.is_empty()))
    }

    /// When the first and the last event of it were folded.
    #[must_use]
    pub fn span(&self) -> (Micros, Micros) {
        let first = self.groups.iter().map(|group| group.first).min().unwrap_or(i64::MIN);
        let last = self.groups.iter().map(|group| group.last).max().unwrap_or(i64::MIN);
        (Micros(first), Micros(last))
    }

    /// Begins to read the events that were folded from `from` to before `to`.
    #[must_use]
    pub fn read(&self, from: Micros, to: Micros) -> Reading {
        let mut groups = self.groups.clone();
        groups.retain(|group| group.last >= from.0 && group.first < to.0);
        Reading {
            bytes_total: groups.iter().map(|group| group.bytes).sum(),
            bytes: 0,
            waiting: groups.into_iter().rev().collect(),
            open: Vec::new(),
            from,
            to,
            reader: Reader::default(),
            is_live: self.is_live,
            now: Micros::MIN,
            known: HashSet::new(),
            line: String::new(),
        }
    }
}

/// What a partition is told next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Tenant, switch and number of devices that are known from now on.
    pub introduced: Vec<(String, String, String)>,
    /// How far time has gone on by itself.
    pub tick: Option<Micros>,
    /// The end of a silence through which a clock ticked.
    pub silence: Option<Micros>,
    /// Lines of the feed.
    pub lines: Vec<u8>,
    /// How many.
    pub events: u64,
}

impl Chunk {
    /// Tells it to `partition`.
    pub fn feed(&self, partition: &mut Partition) {
        for (tenant, switch, number) in &self.introduced {
            partition.introduce(tenant, switch, number);
        }
        if let Some(end) = self.silence {
            tick_through(partition, end);
        }
        if let Some(now) = self.tick {
            partition.tick(now);
        }
        partition.feed(&self.lines, Position { line: 1, offset: Position::NO_OFFSET });
    }

    fn clear(&mut self) {
        self.introduced.clear();
        (self.tick, self.silence) = (None, None);
        self.lines.clear();
        self.events = 0;
    }
}

/// Lets time pass for `partition` up to just before `end`, as a clock does where nothing is said.
pub fn tick_through(partition: &mut Partition, end: Micros) {
    while partition.now() != Micros::MIN && partition.now() + TICK_EVERY < end {
        partition.tick(partition.now() + TICK_EVERY);
    }
}

/// A row group being read, and which row of it is next.
#[derive(Debug)]
struct Open {
    block: Block,
    /// Rows in the order of folding.
    order: Vec<u32>,
    next: usize,
}

impl Open {
    /// When the next event was folded, and its place at that instant.
    fn head(&self) -> (i64, i32) {
        key(&self.block, self.order[self.next])
    }
}

fn key(block: &Block, row: u32) -> (i64, i32) {
    (block.longs("folded_at")[row as usize], block.ints_at(const { place("place") })[row as usize])
}

/// A log being read.
#[derive(Debug)]
pub struct Reading {
    /// Stored bytes that are to be read.
    pub bytes_total: u64,
    /// Stored bytes read.
    pub bytes: u64,
    /// Groups to come, the first one last.
    waiting: Vec<Group>,
    open: Vec<Open>,
    from: Micros,
    to: Micros,
    reader: Reader,
    is_live: bool,
    /// How far the fold has come.
    now: Micros,
    /// Site and number of devices that are known.
    known: HashSet<(u32, String)>,
    line: String,
}

impl Reading {
    /// Puts what comes next into `chunk`; `false` at the end.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn next(&mut self, chunk: &mut Chunk) -> Result<bool, LogError> {
        chunk.clear();
        while chunk.lines.len() < CHUNK_BYTES {
            let Some(at) = self.first()? else { break };
            let open = &self.open[at];
            let row = open.order[open.next] as usize;
            let view = View::new(&open.block, &self.reader, row);
            let mut news = Vec::new();
            view.devices(|number, is_told| {
                let device = (view.site, number.to_owned());
                if !self.known.contains(&device) {
                    if is_told {
                        news.push((view.name(view.tenant), view.name(view.site), device.1.clone()));
                    }
                    self.known.insert(device);
                }
            });
            let folded_at = Micros(view.folded_at);
            let tick = (folded_at > self.now && folded_at.0 > view.event_time).then_some(folded_at);
            let is_silent = self.is_live && self.now != Micros::MIN && self.now + TICK_EVERY < folded_at;
            let silence = is_silent.then_some(folded_at);
            if chunk.events > 0 && (tick.is_some() || silence.is_some() || !news.is_empty()) {
                // It is told before this event, and after those before it.
                for (_, _, number) in &news {
                    self.known.remove(&(view.site, number.clone()));
                }
                break;
            }
            chunk.introduced.extend(news);
            chunk.tick = chunk.tick.max(tick);
            chunk.silence = chunk.silence.max(silence);
            self.line.clear();
            view.write(&mut self.line);
            self.now = self.now.max(folded_at);
            chunk.lines.extend_from_slice(self.line.as_bytes());
            chunk.events += 1;
            let open = &mut self.open[at];
            open.next += 1;
            if open.next == open.order.len() {
                self.open.swap_remove(at);
            }
        }
        Ok(chunk.events > 0)
    }

    /// The open group whose event is next; opens the groups that reach back to it.
    fn first(&mut self) -> Result<Option<usize>, LogError> {
        loop {
            let heads = self.open.iter().map(Open::head).enumerate();
            let first = heads.min_by_key(|(_, head)| *head);
            match (first, self.waiting.last()) {
                (Some((at, head)), Some(group)) if head.0 < group.first => return Ok(Some(at)),
                (Some((at, _)), None) => return Ok(Some(at)),
                (None, None) => return Ok(None),
                _ => self.open_next()?,
            }
        }
    }

    fn open_next(&mut self) -> Result<(), LogError> {
        let Some(group) = self.waiting.pop() else { return Ok(()) };
        let mut block = self.reader.block(const { &EventLogRow::TABLE });
        self.reader.append_group(&mut block, &group.path, group.at)?;
        self.bytes += group.bytes;
        debug_assert_eq!(block.rows() as u64, group.rows);
        let within = |row: &u32| (self.from.0..self.to.0).contains(&block.longs("folded_at")[*row as usize]);
        let mut order: Vec<u32> = (0..block.rows() as u32).filter(within).collect();
        order.sort_by_key(|row| key(&block, *row));
        if !order.is_empty() {
            self.open.push(Open { block, order, next: 0 });
        }
        Ok(())
    }
}

/// One row.
struct View<'a> {
    block: &'a Block,
    reader: &'a Reader,
    row: usize,
    tenant: u32,
    site: u32,
    folded_at: i64,
    event_time: i64,
}

impl<'a> View<'a> {
    fn new(block: &'a Block, reader: &'a Reader, row: usize) -> Self {
        Self {
            block,
            reader,
            row,
            tenant: block.names_at(const { place("tenant_id") })[row],
            site: block.names_at(const { place("site_id") })[row],
            folded_at: block.longs("folded_at")[row],
            event_time: block.longs("event_time")[row],
        }
    }

    fn name(&self, name: u32) -> String {
        self.reader.text(name).to_owned()
    }

    fn text(&self, column: usize) -> &'a str {
        let texts: TextColumn<'a> = self.block.texts_at(column);
        texts.get(self.row).unwrap_or_default()
    }

    fn int(&self, column: usize) -> Option<i32> {
        Some(self.block.ints_at(column)[self.row]).filter(|v| *v != NO_INT)
    }

    fn long(&self, column: usize) -> Option<i64> {
        Some(self.block.longs_at(column)[self.row]).filter(|v| *v != NO_LONG)
    }

    /// The number of a device on this switch.
    fn number(&self, column: usize) -> &'a str {
        let id = self.reader.text(self.block.names_at(column)[self.row]);
        let site = self.reader.text(self.site);
        id.strip_suffix(site).and_then(|id| id.strip_suffix('@')).unwrap_or(id)
    }

    /// The devices that the event makes known, `false`, or that were known before, `true`.
    fn devices(&self, mut each: impl FnMut(&str, bool)) {
        for (column, flag) in KNOWN {
            let number = self.text(column);
            let is_own = number == self.number(THIS_DN) || number == self.number(THIS_QUEUE);
            if self.block.flags(flag)[self.row] == 1 && !is_own {
                each(number, true);
            }
        }
        for column in [THIS_DN, THIS_QUEUE] {
            let number = self.number(column);
            if !number.is_empty() {
                each(number, false);
            }
        }
    }

    /// Appends the event as a line of the feed.
    fn write(&self, line: &mut String) {
        line.push_str("{\"Event\":");
        quote_into(self.reader.text(self.block.names_at(const { place("event_name") })[self.row]), line);
        let (secs, micros) = (self.event_time.div_euclid(1_000_000), self.event_time.rem_euclid(1_000_000));
        let _ = write!(line, ",\"TimeinSecs\":{secs},\"TimeinuSecs\":{micros}");
        let mut parts = self.text(const { place("event_id") }).rsplitn(3, ':');
        let (seq, epoch) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if !epoch.is_empty() {
            let _ = write!(line, ",\"ServerStartTime\":{epoch}");
        }
        if !seq.starts_with('@') && !seq.is_empty() {
            let _ = write!(line, ",\"EventSequenceNumber\":{seq}");
        }
        let mut add = |key: &str, value: &str| {
            if !value.is_empty() {
                let _ = write!(line, ",\"{key}\":");
                quote_into(value, line);
            }
        };
        add("Switch", self.reader.text(self.site));
        add("Tenant", self.reader.text(self.tenant));
        add("ThisDN", self.number(THIS_DN));
        add("ThisQueue", self.number(THIS_QUEUE));
        add("AgentID", self.reader.text(self.block.names_at(const { place("agent_id") })[self.row]));
        for (key, column) in TEXTS {
            add(key, self.text(column));
        }
        for (key, column, of_key) in CALLERS {
            match self.text(of_key) {
                "" => add(key, self.text(column)),
                hash => add(key, &format!("{}{KEY_MARK}{hash}", self.text(column))),
            }
        }
        for (key, column) in LISTS {
            let list = self.text(column);
            if !list.is_empty() {
                let _ = write!(line, ",\"{key}\":{list}");
            }
        }
        for (key, column) in NUMBERS {
            // Zero says what absence says, but for types that may be said to be unknown.
            if let Some(number) = self.int(column).filter(|n| *n != 0 || key.ends_with("Type")) {
                let _ = write!(line, ",\"{key}\":{number}");
            }
        }
        for (key, column) in IDS {
            if let Some(number) = self.long(column) {
                let _ = write!(line, ",\"{key}\":{number}");
            }
        }
        let word = self.reader.text(self.block.names_at(const { place("call_type") })[self.row]);
        if let Some(call_type) = CallType::ALL.into_iter().find(|t| t.word() == word) {
            let _ = write!(line, ",\"CallType\":{}", call_type as u8);
        }
        line.push_str("}\n");
    }
}

const THIS_DN: usize = place("this_dn");
const THIS_QUEUE: usize = place("this_queue");

/// Numbers that may be devices, and the flags that say so.
const KNOWN: [(usize, &str); 2] =
    [(place("other_dn"), "other_dn_is_known"), (place("third_party_dn"), "third_party_dn_is_known")];

/// Numbers of callers, and their keyed hashes.
const CALLERS: [(&str, usize, usize); 2] =
    [("ANI", place("ani"), place("ani_key")), ("DNIS", place("dnis"), place("dnis_key"))];

/// Texts that are written as they are.
const TEXTS: [(&str, usize); 14] = [
    ("ConnID", place("conn_id")),
    ("PreviousConnID", place("previous_conn_id")),
    ("TransferConnID", place("transfer_conn_id")),
    ("CallUUID", place("call_uuid")),
    ("OtherDN", place("other_dn")),
    ("ThirdPartyDN", place("third_party_dn")),
    ("FirstTransferConnID", place("first_transfer_conn_id")),
    ("FirstTransferHomeLocation", place("first_transfer_site")),
    ("LastTransferConnID", place("last_transfer_conn_id")),
    ("LastTransferHomeLocation", place("last_transfer_site")),
    ("RemoteConnID", place("remote_conn_id")),
    ("RemoteLocation", place("remote_site")),
    ("NetworkCallID", place("network_call_id")),
    ("RefCallUUID", place("ref_call_uuid")),
];

/// Lists, which are JSON already.
const LISTS: [(&str, usize); 4] = [
    ("UserData", place("user_data")),
    ("Reasons", place("reasons")),
    ("Extensions", place("extensions")),
    ("ISLinkList", place("is_links")),
];

/// Numbers of calls and trunks.
const IDS: [(&str, usize); 3] =
    [("CallID", place("switch_call_id")), ("ThisTrunk", place("this_trunk")), ("OtherTrunk", place("other_trunk"))];

/// Values of enumerations, by number.
const NUMBERS: [(&str, usize); 7] = [
    ("CallState", place("call_state")),
    ("ThisDNRole", place("this_dn_role")),
    ("OtherDNRole", place("other_dn_role")),
    ("ThirdPartyDNRole", place("third_party_dn_role")),
    ("AgentWorkMode", place("work_mode")),
    ("RouteType", place("route_type")),
    ("TreatmentType", place("treatment_type")),
];
