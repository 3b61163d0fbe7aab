//! Deterministic ids of calls, queue stays, legs, sessions and parties.
//!
//! Every id is a version-5 UUID over a text that names the object by what the switch said about it, so that two replays,
//! two collectors or a replay and the live product give one object one id. This is the only place that knows the texts.

use sha1::{Digest, Sha1};
use std::fmt::Write;

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
    let mut sha = Sha1::new();
    sha.update(space.to_be_bytes());
    sha.update(name);
    let digest = sha.finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Uuid(u128::from_be_bytes(bytes))
}

/// Derives ids, reusing one buffer for the texts.
#[derive(Debug, Default)]
pub struct Identities {
    text: String,
}

impl Identities {
    fn finish(&self) -> Uuid {
        uuid5(NAMESPACE, self.text.as_bytes())
    }

    /// Id of a call: by its CallUUID, else by its ConnID and the instant of its first event.
    pub fn call(&mut self, switch: &str, call_uuid: &str, conn: ConnId, first: Micros) -> Uuid {
        self.text.clear();
        let _ = if call_uuid.is_empty() {
            write!(self.text, "call|{switch}|{conn}|{}", first.0)
        } else {
            write!(self.text, "call|{switch}|{call_uuid}")
        };
        self.finish()
    }

    /// Id of a queue stay on the queue DN `queue` (`number@switch`).
    pub fn queue_segment(&mut self, key: &QueueSegmentKey, queue: &str) -> Uuid {
        self.text.clear();
        let _ = write!(self.text, "queue|{}|{queue}|{}|{}", key.call, key.entered_at.0, key.vqid);
        self.finish()
    }

    /// Id of a handling segment on the device `dn` (`number@switch`).
    pub fn leg(&mut self, key: &LegKey, dn: &str) -> Uuid {
        self.text.clear();
        let _ = write!(self.text, "leg|{}|{dn}|{}", key.call, key.offered_at.0);
        self.finish()
    }

    /// Id of a login session of the agent `agent_id`.
    pub fn session(&mut self, key: &SessionKey, agent_id: &str) -> Uuid {
        self.text.clear();
        let _ = write!(self.text, "session|{agent_id}|{}", key.logged_in_at.0);
        self.finish()
    }

    /// Id of a party: one device's part in one call, `offered_at` being when it joined.
    pub fn party(&mut self, key: &LegKey, dn: &str) -> Uuid {
        self.text.clear();
        let _ = write!(self.text, "party|{}|{dn}|{}", key.call, key.offered_at.0);
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_5_uuids_in_the_namespace_of_the_product() {
        let dns = 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8;
        assert_eq!(uuid5(dns, b"callfold").0, NAMESPACE);
        let call = Identities::default().call("east", "0A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P", ConnId(1), Micros(2));
        assert_eq!(call.to_string(), "6fe79a76-4173-5ac4-9a02-c8b2be501444");
    }
}
