#![allow(warnings)]
#[path = "../stream-report/work.rs"]
mod work;
use shared::protocol::snapshot::*;
use std::time::Instant;
fn main() {
    let file = std::env::args().nth(1).unwrap();
    let n: usize = std::env::args().nth(2).map_or(10, |n| n.parse().unwrap());
    let work = work::Work::read(std::path::Path::new(&file)).unwrap();
    let codec = work.codec(Coding::Range).unwrap();
    let mut out = Vec::new();
    let (mut bytes, mut count) = (0, 0);
    let mut ev = Vec::new();
    let mut tally = std::collections::BTreeMap::new();
    let mut best = f64::MAX;
    let mut hash = 0xcbf29ce484222325u64;
    for _ in 0..n {
        let t = Instant::now();
        let mut c = 0;
        let mut mem = 0;
        for v in &work.viewers {
            let mut e = SnapshotEncoder::new();
            for look in &v.looks {
                ev.clear();
                work.events(look, &mut ev);
                let p = work.picture(v, look, &ev, 1 << 20);
                out.clear();
                if n == 2 {
                    for (k, v) in e.tally(&codec, &p) {
                        *tally.entry(k).or_insert(0u64) += v;
                    }
                }
                e.encode(&codec, &p, &mut out);
                bytes += out.len();
                if n == 4 {
                    for b in &out {
                        hash = (hash ^ *b as u64).wrapping_mul(0x100000001b3);
                    }
                }
                if p.visible.len() == 64 && n == 1 {
                    println!("at64 {}", e.memory_bytes());
                }
                c += 1;
            }
            mem = mem.max(e.memory_bytes());
        }
        count += c;
        let ns = t.elapsed().as_nanos() as f64 / c as f64;
        best = best.min(ns);
        if n < 3 {
            println!("mem {mem}");
        }
    }
    for (k, v) in &tally {
        println!("{:7.2} {:?}", *v as f64 / 256.0 / count as f64, k);
    }
    println!("{:.2} bytes, best {best:.0} ns", bytes as f64 / count as f64);
    if n == 4 {
        println!("HASH {hash:x}");
    }
}
