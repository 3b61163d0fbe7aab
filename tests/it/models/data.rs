//! Attached data: what is kept, in which form, and what counts as a change.

use callfold::engine::settings::Settings;
use callfold::fold::privacy::{List, Policy, Privacy, Rule, Secret};

use crate::support::{check, check_with, compare, log, replay};

fn rule(key: &str, policy: Policy) -> Rule {
    Rule { key: key.into(), list: List::UserData, policy }
}

fn keeping(rules: Vec<Rule>) -> Settings {
    let secret = Secret::new(b"a secret for the tests");
    Settings { privacy: Privacy { rules, secret, ..Privacy::default() }, ..Settings::default() }
}

const CALL: &str = "
    10:00:00 7001 AgentLogin agent=101
    10:00:00 7001 AgentReady
    10:00:10 8001 Queued c1 data=Segment:silver,Account:4711
    10:00:15 8001 Diverted c1 to=7001 data=Segment:silver,Account:4711
    10:00:15 7001 Ringing c1 queue=8001 data=Segment:silver,Account:4711
    10:00:20 7001 Established c1 data=Segment:silver,Account:4711
";

#[test]
fn nothing_attached_is_kept_that_nobody_named() {
    check(CALL, "user_data_change: key\nuser_data_final: call_id\n");
    check_with(
        keeping(vec![rule("Segment", Policy::Keep)]),
        CALL,
        "
        user_data_change: call_id key seq changed_at change value_before value source
          c1 Segment 1 10:00:10 add - silver user_data
        user_data_final: call_id ended_at user_data key_count change_count
          c1 - {\"Segment\":\"silver\"} 1 1
        ",
    );
}

/// EventAttachedDataChanged comes once for each monitored device of the call; ThirdPartyDN names who changed the data.
#[test]
fn a_change_counts_once_however_many_devices_report_it() {
    let log = format!(
        "{CALL}
        10:00:30 7001 AttachedDataChanged c1 by=7001 data=Segment:gold,Account:4711,Product:loan
        10:00:30 7002 AttachedDataChanged c1 by=7001 data=Segment:gold,Account:4711,Product:loan
        10:00:31 8001 AttachedDataChanged c1 by=7001 data=Segment:gold,Account:4711,Product:loan
        10:00:40 7001 Released c1 data=Segment:gold,Account:4711,Product:loan
        "
    );
    check_with(
        keeping(vec![rule("Segment", Policy::Keep), rule("Prod*", Policy::Keep)]),
        &log,
        "
        user_data_change: key seq changed_at party_id agent_id change value_before value
          Segment 1 10:00:10 - - add - silver
          Segment 2 10:00:30 c1/7001/10:00:15 101 update silver gold
          Product 1 10:00:30 c1/7001/10:00:15 101 add - loan
        user_data_final: call_id ended_at user_data key_count change_count
          c1 10:00:40 {\"Segment\":\"gold\",\"Product\":\"loan\"} 2 3
        ",
    );
}

/// Any event may carry a part of the list; only EventAttachedDataChanged carries the whole of it. One without the
/// attribute says nothing, one with an empty list says that all is gone.
#[test]
fn a_key_is_deleted_when_the_whole_list_lacks_it() {
    let log = format!(
        "{CALL}
        10:00:30 7001 Held c1 data=Account:4711
        10:00:31 7001 AttachedDataChanged c1
        10:00:32 7001 AttachedDataChanged c1 data=Account:4711
        10:00:33 7001 Retrieved c1 data=Segment:gold
        10:00:40 7001 AttachedDataChanged c1 data=
        "
    );
    check_with(
        keeping(vec![rule("Segment", Policy::Keep)]),
        &log,
        "
        user_data_change: key seq changed_at change value_before value
          Segment 1 10:00:10 add - silver
          Segment 2 10:00:32 delete silver -
          Segment 3 10:00:33 add - gold
          Segment 4 10:00:40 delete gold -
        user_data_final: call_id user_data key_count change_count
          c1 {} 0 4
        ",
    );
}

/// Two accounts with one mask are two values: the change is seen, the value is not.
#[test]
fn values_are_kept_in_the_form_their_policy_asks_for() {
    let log = "
        10:00:10 8001 Queued c1 data=Account:1234567890,Phone:5550100,Pin:0815
        10:00:20 8001 AttachedDataChanged c1 data=Account:9934567890,Phone:5550100,Pin:0816
        10:00:20 8002 Queued c2 data=Phone:5550100
        10:00:30 8001 Abandoned c1
        10:00:30 8002 Abandoned c2
    ";
    let rules = vec![
        rule("*", Policy::Keep),
        rule("Account", Policy::Mask { shown: 4 }),
        rule("Phone", Policy::Hash),
        rule("Pin", Policy::Drop),
    ];
    check_with(
        keeping(rules),
        log,
        "
        user_data_change: call_id key seq change value_before value
          c1 Account 1 add - ******7890
          c1 Phone 1 add - e625f32180130cfc9c84e82fea2e5d8b
          c1 Account 2 update ******7890 ******7890
          c2 Phone 1 add - e625f32180130cfc9c84e82fea2e5d8b
        ",
    );
}

#[test]
fn numbers_of_callers_follow_policies_too() {
    let log = "10:00:10 8001 Queued c1 ANI=5550100 DNIS=18005550199\n10:00:20 8001 Abandoned c1\n";
    check(log, "call: conn_id ani dnis\n 0000000000000001 5550100 18005550199\n");
    let privacy = Privacy { ani: Policy::Drop, dnis: Policy::Mask { shown: 2 }, ..Privacy::default() };
    check_with(
        Settings { privacy, ..Settings::default() },
        log,
        "call: conn_id ani dnis\n 0000000000000001 - *********99\n",
    );
}

/// A consultation has data of its own; what the customer's call has is not its.
#[test]
fn a_consultation_has_its_own_data() {
    let log = format!(
        "{CALL}
        10:01:00 7001 Held c1
        10:01:00 7001 Dialing c2 consult transfer=c1 data=Segment:silver,Note:hot
        10:01:02 7002 Ringing c2 was=c1 data=Segment:silver,Note:hot
        10:01:05 7001 Established c2
        10:01:05 7002 Established c2
        10:01:30 7001 Released c2 state=Transferred
        10:01:30 7001 Released c1 state=Transferred
        10:01:30 7002 PartyChanged c1 was=c2 state=Transferred by=7001 data=Segment:silver,Account:4711
        10:02:00 7002 Released c1
        "
    );
    check_with(
        keeping(vec![rule("Segment", Policy::Keep), rule("Note", Policy::Keep)]),
        &log,
        "
        user_data_change: call_id key seq changed_at value
          c1 Segment 1 10:00:10 silver
          c2 Segment 1 10:01:00 silver
          c2 Note 1 10:01:00 hot
        ",
    );
}

/// Reasons and extensions belong to their event: a value is an update when it differs from the one before.
#[test]
fn reasons_and_extensions_are_kept_when_they_are_named() {
    let rules = vec![
        Rule { key: "RTR".into(), list: List::Reasons, policy: Policy::Keep },
        Rule { key: "VQID".into(), list: List::Extensions, policy: Policy::Keep },
    ];
    check_with(
        keeping(rules),
        "
        10:00:09 8001 Queued c1
        10:00:10 9001 Queued c1 vqid=V1
        10:00:20 9001 Diverted c1 vqid=V1 reason=RTR:116
        10:00:30 9001 Queued c1 vqid=V2
        10:00:40 9001 Abandoned c1 vqid=V2
        10:00:40 8001 Abandoned c1
        ",
        "
        user_data_change: key seq changed_at change value source
          VQID 1 10:00:10 add V1 extensions
          RTR 1 10:00:20 add 116 reasons
          VQID 2 10:00:30 update V2 extensions
        user_data_final: user_data key_count change_count
          {} 0 3
        ",
    );
}

#[test]
fn keys_and_values_beyond_the_limits_are_counted() {
    let pairs: Vec<String> = (0..70).map(|i| format!("K{i}:{}", "v".repeat(if i == 0 { 600 } else { 1 }))).collect();
    let log = format!("10:00:10 8001 Queued c1 data={}\n10:00:20 8001 Abandoned c1\n", pairs.join(","));
    let run = replay(keeping(vec![rule("K*", Policy::Keep)]), log::feed(&log).as_bytes());
    compare(&run, "user_data_final: key_count change_count\n 64 64\nanomalies:\n data_cut 1\n data_refused 6\n");
    assert_eq!(run.rows.user_data_change[0].value.as_ref().unwrap().len(), 512);
}

/// What the call was about is said by the agent, often during his after-call work; it is on the segment that was over last, if its key is kept.
#[test]
fn the_disposition_is_that_of_the_segment_during_which_it_was_attached() {
    let log = format!(
        "{CALL}
        10:00:50 7001 Released c1 data=Segment:silver
        10:00:50 7001 AgentNotReady mode=AfterCallWork
        10:00:55 7001 AttachedDataChanged c1 data=Segment:silver,DispositionCode:sold
        10:01:00 7001 AgentReady
        10:01:10 7001 Ringing c2
        10:01:15 7001 Established c2
        10:01:20 7001 Released c2
        10:01:30 7001 AgentNotReady
        "
    );
    check(&log, "handling_segment: call_id disposition_code\n c1 -\n c2 -\n");
    check_with(
        keeping(vec![rule("DispositionCode", Policy::Keep)]),
        &log,
        "handling_segment: call_id disposition_code\n c1 sold\n c2 -\n",
    );
}
