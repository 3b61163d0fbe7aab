//! The flags that say which attached data is kept, shared by the commands that fold events.

use clap::Args;

use crate::app::config::{Config, UserData};

/// Which attached data is kept.
#[derive(Debug, Args)]
pub struct AttachedArgs {
    /// An attached key to keep: KEY or KEY=POLICY, the policy being keep, mask, mask:N, hash or drop (repeatable)
    #[arg(long, value_name = "KEY[=POLICY]")]
    user_data: Vec<String>,
    /// File with the secret of hashes
    #[arg(long, value_name = "FILE")]
    hash_key_file: Option<String>,
}

impl AttachedArgs {
    /// Lays the flags over the configuration.
    pub(super) fn lay_over(&self, config: &mut Config) {
        for text in &self.user_data {
            let (key, policy) =
                text.rsplit_once('=').map_or((text.as_str(), None), |(key, policy)| (key, Some(policy)));
            // The flag wins over the file.
            config
                .user_data
                .retain(|rule| rule.key != key || rule.list.as_deref().unwrap_or("user_data") != "user_data");
            config.user_data.push(UserData { key: key.to_owned(), policy: policy.map(str::to_owned), list: None });
        }
        if self.hash_key_file.is_some() {
            config.privacy.hash_key_file.clone_from(&self.hash_key_file);
        }
    }
}
