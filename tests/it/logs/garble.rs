//! A hunt with garbled inputs: specimens are damaged in ways that parsers dislike, and a check looks at each.
//!
//! Deterministic by its seed. An input that fails is written to the directory for temporary files and named; small ones
//! that are worth keeping lie in `tests/fuzz/NAME`, one a file, and are looked at first.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use callfold::simulate::random::Random;

/// Pieces of which logs are made, to be put where they do not belong.
const PIECES: [&[u8]; 26] = [
    b"\n",
    b"\t",
    b"\t\t",
    b"'",
    b"''",
    b"\"",
    b"(list)",
    b"[50] 00 03 00 00..",
    b"[",
    b"\r\n",
    b"\n\n",
    b"@10:15:20.1230 ",
    b"10:15:20.123",
    b"Application name: x\n",
    b"File: (2) x\n\n",
    b"\xff\xfe",
    b"\\",
    b"{\"Event\":1}\n",
    b"message EventRinging\n",
    b"@10:00:00.0000 [0] 8.1 distribute_event: message EventRinging\n",
    b"\tAttributeTimeinSecs\t99999999999999999999\n",
    b"AttributeUserData [bstr] = KVList: \n",
    b"\t\t'k' [str] = \"v\n",
    b"UTC time: 9999-12-31T23:59:59\n",
    b"\0",
    b"Local time: 1970-01-01T00:00:00\n",
];

/// Damages `bytes` a few times.
fn garbled(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + random.below(8) {
        let place = |random: &mut Random| random.below(bytes.len() as u32 + 1) as usize;
        let (a, b) = (place(random), place(random));
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 400));
        match random.below(7) {
            0 => drop(bytes.splice(a..a, PIECES[random.below(PIECES.len() as u32) as usize].iter().copied())),
            1 => drop(bytes.drain(from..to)),
            2 => {
                let copy = bytes[from..to].to_vec();
                drop(bytes.splice(a..a, copy));
            }
            3 if a < bytes.len() => bytes[a] = random.below(256) as u8,
            4 if a < bytes.len() => bytes[a] ^= 1 << random.below(8),
            5 => bytes.truncate(bytes.len().saturating_sub(random.below(200) as usize)),
            6 => {
                let many = 1 + random.below(300) as usize;
                let piece = PIECES[random.below(PIECES.len() as u32) as usize];
                drop(bytes.splice(a..a, piece.repeat(many)));
            }
            _ => {}
        }
    }
    bytes
}

/// Looks at the kept inputs, then at garbled specimens until `seconds` have passed.
pub fn hunt(name: &str, specimen: &[u8], seconds: f64, seed: u64, check: &dyn Fn(&[u8], &mut Random)) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(name);
    let mut random = Random::new(seed);
    let mut files: Vec<_> =
        std::fs::read_dir(&kept).map(|dir| dir.flatten().map(|e| e.path()).collect()).unwrap_or_default();
    files.sort();
    let mut specimens = vec![specimen.to_vec()];
    for file in files {
        let bytes = std::fs::read(&file).expect("a kept input");
        look(name, &bytes, &mut random, check);
        specimens.push(bytes);
    }
    let (begun, mut looked) = (Instant::now(), 0_u64);
    while begun.elapsed() < Duration::from_secs_f64(seconds) {
        let base = &specimens[random.below(specimens.len() as u32) as usize];
        let bytes = garbled(base, &mut random);
        look(name, &bytes, &mut random, check);
        looked += 1;
    }
    println!("{name}: {looked} garbled inputs in {:.0} s, seed {seed}", begun.elapsed().as_secs_f64());
}

fn look(name: &str, bytes: &[u8], random: &mut Random, check: &dyn Fn(&[u8], &mut Random)) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(bytes, random))) {
        let path = std::env::temp_dir().join(format!("callfold-fuzz-{name}-{}", std::process::id()));
        std::fs::write(&path, bytes).expect("written");
        println!("the input that failed is {}", path.display());
        resume_unwind(panic);
    }
}
