//! The floors of the source tree, held as a test: imports go down only, and the core keeps away from the world.
//!
//! Reads the sources as text. Code under `#[cfg(test)]` and comments are left out, except where a rule says otherwise.

use std::fs;
use std::path::{Path, PathBuf};

/// Every directory of `src/` with its floor. A file imports from lower floors and from its own directory, nothing else.
const FLOORS: [(&str, u8); 14] = [
    ("model", 0),
    ("decode", 1),
    ("fold", 1),
    ("simulate", 1),
    ("stats", 2),
    ("history", 3),
    ("engine", 4),
    ("handoff", 5),
    ("source", 6),
    ("sink", 6),
    ("serve", 6),
    ("app", 7),
    ("audit", 7),
    ("cli", 8),
];

/// The highest pure floor.
const WATERLINE: u8 = 4;

/// What the pure floors never use.
const IMPURE: [&str; 17] = [
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "std::env",
    "tokio",
    "Instant::now",
    "SystemTime",
    "print!(",
    "println!(",
    "eprint!(",
    "eprintln!(",
    "dbg!(",
    "thread_local!",
    "static mut",
    "LazyLock",
    "OnceLock",
];

/// Macros lie at the root of the crate, wherever they are defined.
const MACROS: [(&str, &str); 1] = [("for_each_table", "model")];

/// The only files with `unsafe`.
const UNSAFE: [&str; 2] = ["decode/simd.rs", "model/fetch.rs"];

/// Lines of code a file may have, tests not counted.
const LINES_MAX: usize = 1000;

fn floor(directory: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == directory).map(|(_, floor)| *floor)
}

/// All Rust files under `directory`, in order of name.
fn sources(directory: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The lines that are neither comments nor tests.
fn code(text: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        let begins_module = |line: &str| line.starts_with("mod ") && line.ends_with('{');
        if line == "#[cfg(test)]" && (begins_module(next) || next.starts_with("#[")) {
            lines.by_ref().find(|line| *line == "}");
        } else if !line.trim_start().starts_with("//") {
            kept.push(line.split(" // ").next().unwrap_or(line));
        }
    }
    kept
}

/// The names right behind every `crate::` in `code`; those of a group one by one.
fn crate_paths(code: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let head = |text: &'_ str| text.find(|c| !is_name(c)).unwrap_or(text.len());
    let mut found = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| is_name(c) || c == '$') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.push(&rest[..head(rest)]);
            continue;
        };
        let (mut depth, mut begin) = (1, 0);
        for (i, c) in group.char_indices() {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if depth == 0 || depth == 1 && c == ',' {
                let member = group[begin..i].trim();
                found.extend((!member.is_empty()).then(|| &member[..head(member)]));
                begin = i + 1;
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

/// What is wrong with the file at `path` (relative to `src`), in words.
fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//!") && !text.starts_with("#![doc") {
        found
            .push("does not open with `//!`: what it is for, what goes in and out, what it refuses to know".to_owned());
    }
    if path.ends_with("tests.rs") {
        return found;
    }
    let code = code(text);
    if code.len() > LINES_MAX {
        found.push(format!("has {} lines of code, more than {LINES_MAX}", code.len()));
    }
    let code = code.join("\n");
    if !UNSAFE.contains(&path)
        && ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].iter().any(|word| code.contains(word))
    {
        found.push(format!("has `unsafe`, which only {} may", UNSAFE.join(" and ")));
    }
    let Some((directory, _)) = path.split_once('/') else { return found };
    let Some(own) = floor(directory) else {
        found.push(format!("lies in `{directory}`, which has no floor"));
        return found;
    };
    if code.contains("super::super::") {
        found.push("climbs with `super::super::`; write `crate::`".to_owned());
    }
    for name in crate_paths(&code) {
        let target = MACROS.iter().find(|(name_of, _)| *name_of == name).map_or(name, |(_, home)| home);
        match floor(target) {
            _ if target == directory => {}
            Some(other) if other < own => {}
            Some(other) => {
                found.push(format!("imports `{name}` (F{other}) from `{directory}` (F{own}): not downwards"))
            }
            None => found.push(format!("imports `crate::{name}`, which lies on no floor")),
        }
    }
    if own <= WATERLINE {
        let used = IMPURE.iter().filter(|word| code.contains(**word));
        found.extend(used.map(|word| format!("uses `{word}` below the waterline")));
    }
    found
}

#[test]
fn imports_go_down_and_the_core_keeps_away_from_the_world() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let mut found = Vec::new();
    for file in &files {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        found.extend(
            violations(&path, &fs::read_to_string(file).unwrap()).iter().map(|what| format!("src/{path}: {what}")),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_floor_is_a_module_and_only_the_core_builds_without_io() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut modules: Vec<&str> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        let needs_io = i > 0 && lines[i - 1] == "#[cfg(feature = \"io\")]";
        let floor = floor(name).unwrap_or_else(|| panic!("module {name} has no floor"));
        assert_eq!(needs_io, floor > WATERLINE, "module {name} is on floor {floor}");
        modules.push(name);
    }
    modules.sort_unstable();
    let mut expected = FLOORS.map(|(name, _)| name);
    expected.sort_unstable();
    assert_eq!(modules, expected);
}

#[test]
fn each_rule_finds_what_it_forbids() {
    let finds = |path: &str, text: &str, what: &str| {
        let found = violations(path, text);
        assert!(found.iter().any(|line| line.contains(what)), "{text:?} in {path}: {found:?}");
    };
    finds("fold/call.rs", "//! d\nuse crate::stats::board::Board;", "imports `stats` (F2) from `fold` (F1)");
    finds("serve/http.rs", "//! d\nuse crate::{model::time, sink::store};", "imports `sink` (F6)");
    finds("model/time.rs", "//! d\nfn f() -> crate::engine::Engine;", "imports `engine` (F4)");
    finds("cli/mod.rs", "//! d\nuse crate::app::{self};\nuse crate::helper::x;", "no floor");
    finds("stats/board.rs", "//! d\nuse super::super::engine;", "climbs");
    finds("fold/call.rs", "//! d\nfn f() { println!(\"x\") }", "uses `println!(`");
    finds("decode/lines.rs", "//! d\nuse std::fs::File;", "uses `std::fs`");
    finds("engine/step.rs", "//! d\nlet now = Instant::now();", "uses `Instant::now`");
    finds("handoff/ring.rs", "//! d\nunsafe { x() }", "`unsafe`");
    finds("handoff/ring.rs", "use std::fs;", "does not open");
    finds("attic/ring.rs", "//! d", "no floor");
    finds("app/wiring.rs", &format!("//! d\n{}", "fn f() {}\n".repeat(LINES_MAX + 1)), "lines of code");
}

#[test]
fn tests_comments_and_downward_imports_are_left_alone() {
    let text = "//! See crate::engine.\nuse crate::{fold::{World, call}, model::time::Micros};\n// crate::cli\n\
                crate::for_each_table!(x);\n#[cfg(test)]\nmod tests {\n    use crate::cli;\n    println!(\"x\");\n}\n";
    assert_eq!(violations("engine/step.rs", text), Vec::<String>::new());
}
