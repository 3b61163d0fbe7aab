//! Deterministic ids of calls, queue stays, legs, sessions and parties.
//!
//! Every id is a version-5 UUID over a text that names the object by what the switch said about it, so that two replays,
//! two collectors or a replay and the live product give one object one id. This is the only place that knows the texts.

use sha1::block_api::compress;

use super::digit::{hex, signed, uuid};
use super::ids::{ConnId, DnId, Uuid};
use super::time::Micros;

/// `uuid5(DNS, "callfold")`: the namespace of every id.
const NAMESPACE: u128 = 0xf8ba_8264_1373_5cb7_b7be_656b_80ad_ea23;

/// What names a queue stay: its call at entry, the queue, the instant of entry and the virtual queue's stay id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSegmentKey {
    /// Call at entry.
    pub call: Uuid,
    /// The queue.
    pub queue: DnId,
    /// Entry.
    pub entered_at: Micros,
    /// `VQID` of a virtual queue's stay, else empty.
    pub vqid: compact_str::CompactString,
}

/// What names one device's attempt at a call: the call at opening, the DN and the instant of the offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegKey {
    /// Call at opening.
    pub call: Uuid,
    /// The device.
    pub dn: DnId,
    /// When it rang, dialled or was found connected.
    pub offered_at: Micros,
}

/// What names a login session: the agent and the instant of login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionKey {
    /// The agent.
    pub agent: super::ids::AgentId,
    /// Login.
    pub logged_in_at: Micros,
}

/// Version-5 UUID of `name` in the namespace `space`.
#[must_use]
pub fn uuid5(space: u128, name: &[u8]) -> Uuid {
    let mut message = [&space.to_be_bytes(), name].concat();
    hash(&mut message)
}

/// The UUID of a message that begins with its namespace; pads the message.
///
/// Goes below the hasher's incremental front: for messages of one or two blocks, its bookkeeping costs as much as the
/// hashing itself.
fn hash(message: &mut Vec<u8>) -> Uuid {
    let bits = message.len() as u64 * 8;
    message.push(0x80);
    message.resize((message.len() + 8).next_multiple_of(64) - 8, 0);
    message.extend_from_slice(&bits.to_be_bytes());
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    compress(&mut state, message.as_chunks().0);
    let [a, b, c, d, _] = state.map(u128::from);
    let digest = a << 96 | b << 64 | c << 32 | d;
    Uuid(digest & !(0xf << 76) & !(0b11 << 62) | 5 << 76 | 0b10 << 62)
}

/// Derives ids, reusing one buffer for the texts.
#[derive(Clone, Debug, Default)]
pub struct Identities {
    message: Vec<u8>,
}

impl Identities {
    /// Begins a text with the kind of object.
    #[inline]
    fn begin(&mut self, kind: &[u8]) -> &mut Vec<u8> {
        self.message.clear();
        self.message.extend_from_slice(&NAMESPACE.to_be_bytes());
        self.message.extend_from_slice(kind);
        &mut self.message
    }

    /// Id of what happened to a call on a DN at an instant; `more` ends the text.
    #[inline]
    fn on_dn(&mut self, kind: &[u8], call: Uuid, dn: &str, at: Micros, more: Option<&str>) -> Uuid {
        let text = self.begin(kind);
        text.extend_from_slice(&uuid(call.0));
        text.push(b'|');
        text.extend_from_slice(dn.as_bytes());
        text.push(b'|');
        signed(text, at.0);
        if let Some(more) = more {
            text.push(b'|');
            text.extend_from_slice(more.as_bytes());
        }
        hash(text)
    }

    /// Id of a call: by its CallUUID, else by its ConnID and the instant of its first event.
    pub fn call(&mut self, switch: &str, call_uuid: &str, conn: ConnId, first: Micros) -> Uuid {
        let text = self.begin(b"call|");
        text.extend_from_slice(switch.as_bytes());
        text.push(b'|');
        if call_uuid.is_empty() {
            text.extend_from_slice(&hex(conn.0));
            text.push(b'|');
            signed(text, first.0);
        } else {
            text.extend_from_slice(call_uuid.as_bytes());
        }
        hash(text)
    }

    /// Stands for a call on another switch that was named and never seen.
    pub fn remote_call(&mut self, switch: &str, conn: ConnId) -> Uuid {
        let text = self.begin(b"remote|");
        text.extend_from_slice(switch.as_bytes());
        text.push(b'|');
        text.extend_from_slice(&hex(conn.0));
        hash(text)
    }

    /// Id of a queue stay on the queue DN `queue` (`number@switch`).
    pub fn queue_segment(&mut self, key: &QueueSegmentKey, queue: &str) -> Uuid {
        self.on_dn(b"queue|", key.call, queue, key.entered_at, Some(&key.vqid))
    }

    /// Id of a handling segment on the device `dn` (`number@switch`).
    pub fn leg(&mut self, key: &LegKey, dn: &str) -> Uuid {
        self.on_dn(b"leg|", key.call, dn, key.offered_at, None)
    }

    /// Id of a login session of the agent `agent_id`.
    pub fn session(&mut self, key: &SessionKey, agent_id: &str) -> Uuid {
        let text = self.begin(b"session|");
        text.extend_from_slice(agent_id.as_bytes());
        text.push(b'|');
        signed(text, key.logged_in_at.0);
        hash(text)
    }

    /// Id of a routing request of a call on the routing point `dn` (`number@switch`), `offered_at` being when it was asked.
    pub fn route(&mut self, key: &LegKey, dn: &str) -> Uuid {
        self.on_dn(b"route|", key.call, dn, key.offered_at, None)
    }

    /// Id of a party: one device's part in one call, `offered_at` being when it joined.
    pub fn party(&mut self, key: &LegKey, dn: &str) -> Uuid {
        self.on_dn(b"party|", key.call, dn, key.offered_at, None)
    }
}

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::*;

    #[test]
    fn ids_are_version_5_uuids_in_the_namespace_of_the_product() {
        let dns = 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8;
        assert_eq!(uuid5(dns, b"callfold").0, NAMESPACE);
        let call = Identities::default().call("east", "0A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P", ConnId(1), Micros(2));
        assert_eq!(call.to_string(), "6fe79a76-4173-5ac4-9a02-c8b2be501444");
    }

    #[test]
    fn ids_are_hashes_of_texts_of_any_length() {
        let mut ids = Identities::default();
        for len in 0..200 {
            let number = "7".repeat(len);
            let key = LegKey { call: Uuid(0x0123_4567_89ab_cdef << 64 | 42), dn: DnId(0), offered_at: Micros(-7) };
            let text = format!("party|{}|{number}|-7", key.call);
            let digest = Sha1::new().chain_update(NAMESPACE.to_be_bytes()).chain_update(&text).finalize();
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&digest[..16]);
            let id = ids.party(&key, &number);
            assert_eq!(id.0 & !(0xf << 76 | 0b11 << 62), u128::from_be_bytes(bytes) & !(0xf << 76 | 0b11 << 62));
            assert_eq!(id.to_string().as_bytes()[14], b'5');
            assert_eq!(id, uuid5(NAMESPACE, text.as_bytes()));
        }
        let stay = QueueSegmentKey { call: Uuid(5), queue: DnId(0), entered_at: Micros(12), vqid: "V".into() };
        let text = format!("queue|{}|8001@east|12|V", stay.call);
        assert_eq!(ids.queue_segment(&stay, "8001@east"), uuid5(NAMESPACE, text.as_bytes()));
        let session = SessionKey { agent: crate::model::ids::AgentId(0), logged_in_at: Micros(99) };
        assert_eq!(ids.session(&session, "1001"), uuid5(NAMESPACE, b"session|1001|99"));
        assert_eq!(ids.call("east", "", ConnId(0xab), Micros(3)), uuid5(NAMESPACE, b"call|east|00000000000000ab|3"));
    }
}
