//! What kind of thing a DN is, as far as somebody has said so in the configuration.
//!
//! Without a word about a DN its events tell what it is: calls are queued at a queue, phones ring. Some things no event
//! tells: that a device which answers is an IVR port and nobody's phone, or that a routing point only receives calls from
//! another site. This module refuses to know where the rules were written.

/// What a DN is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DnKind {
    /// Nobody said; its events tell.
    #[default]
    Unsaid,
    /// A phone.
    Extension,
    /// An ACD queue.
    AcdQueue,
    /// A routing point.
    RoutingPoint,
    /// A virtual queue.
    VirtualQueue,
    /// A routing point that only receives calls from another site: no service queue.
    External,
    /// A port of an IVR: answers for itself, never for a queue.
    IvrPort,
    /// Voice mail: answers for itself, never for a queue.
    VoiceMail,
    /// A trunk: answers for itself, never for a queue.
    Trunk,
}

impl DnKind {
    /// All kinds that can be said.
    pub const ALL: [Self; 8] = [
        Self::Extension,
        Self::AcdQueue,
        Self::RoutingPoint,
        Self::VirtualQueue,
        Self::External,
        Self::IvrPort,
        Self::VoiceMail,
        Self::Trunk,
    ];

    /// The word in configuration and rows.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unsaid | Self::Extension => "extension",
            Self::AcdQueue => "acd_queue",
            Self::RoutingPoint => "routing_point",
            Self::VirtualQueue => "virtual_queue",
            Self::External => "external",
            Self::IvrPort => "ivr_port",
            Self::VoiceMail => "voice_mail",
            Self::Trunk => "trunk",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Calls enter and leave here instead of talking.
    #[must_use]
    pub const fn is_queue(self) -> bool {
        matches!(self, Self::AcdQueue | Self::RoutingPoint | Self::VirtualQueue | Self::External)
    }

    /// Answers without a person: such an answer is no answer of a queue's call.
    #[must_use]
    pub const fn is_machine(self) -> bool {
        matches!(self, Self::IvrPort | Self::VoiceMail | Self::Trunk)
    }
}

/// "These DNs are of this kind."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnRule {
    /// Their switch; any when absent.
    pub switch: Option<String>,
    /// First number.
    pub first: String,
    /// Last number; the same for a single one. A range holds the numbers of equal length between the two.
    pub last: String,
    /// What they are.
    pub kind: DnKind,
}

impl DnRule {
    /// Whether the rule speaks of this DN.
    #[must_use]
    pub fn holds(&self, switch: &str, number: &str) -> bool {
        let here = self.switch.as_deref().is_none_or(|s| s == switch);
        let within = if self.first == self.last {
            number == self.first
        } else {
            // Of equal length, so that the order of the texts is that of the numbers.
            number.len() == self.first.len() && (self.first.as_str()..=self.last.as_str()).contains(&number)
        };
        here && within
    }
}

/// The kind of a DN by the last rule that speaks of it.
#[must_use]
pub fn kind_of(rules: &[DnRule], switch: &str, number: &str) -> DnKind {
    rules.iter().rfind(|rule| rule.holds(switch, number)).map_or(DnKind::Unsaid, |rule| rule.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(switch: Option<&str>, first: &str, last: &str, kind: DnKind) -> DnRule {
        DnRule { switch: switch.map(str::to_owned), first: first.into(), last: last.into(), kind }
    }

    #[test]
    fn the_last_rule_that_speaks_of_a_dn_wins() {
        let rules = [
            rule(None, "6000", "6099", DnKind::IvrPort),
            rule(Some("west"), "6010", "6010", DnKind::Trunk),
            rule(None, "9100", "9100", DnKind::External),
        ];
        assert_eq!(kind_of(&rules, "east", "6010"), DnKind::IvrPort);
        assert_eq!(kind_of(&rules, "west", "6010"), DnKind::Trunk);
        assert_eq!(kind_of(&rules, "west", "9100"), DnKind::External);
        assert_eq!(kind_of(&rules, "east", "60100"), DnKind::Unsaid);
        assert_eq!(kind_of(&rules, "east", "6100"), DnKind::Unsaid);
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in DnKind::ALL {
            assert_eq!(DnKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(DnKind::from_word("phone"), None);
    }
}
