//! A report as a document, for programs and for the disk.

use serde_json::{Value, json};

use super::law::Kind;
use super::run::Report;

impl Report {
    /// The report as JSON.
    #[must_use]
    pub fn document(&self) -> Value {
        let laws = self.findings.verdicts().map(|(law, verdict)| {
            let examples = verdict.examples.iter().map(|e| json!({"file": e.place, "key": e.key, "what": e.what}));
            json!({"law": law.name(), "kind": law.kind().word(), "says": law.says(), "checked": verdict.checked,
                   "broken": verdict.broken, "examples": examples.collect::<Vec<_>>()})
        });
        json!({"broken": self.findings.broken(), "broken_certain": self.findings.broken_of(Kind::Certain),
               "rows": self.look.rows, "files": self.files, "stores": self.places, "days": self.days, "unjudged": self.unjudged,
               "laws": laws.collect::<Vec<_>>()})
    }
}
