//! [`Server`]: a candidate as a child process, and what the kernel and its counters say of it.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use serde_json::Value;

use crate::candidate::{ADMIN, LISTENING, MEASURE};
use crate::options::{Candidate, Case, Options};

/// How long a candidate may take to listen, to answer, and to end by itself.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// A running candidate. It is killed when this is dropped, and ends by itself when this process does.
pub(crate) struct Server {
    child: Child,
    orders: Option<ChildStdin>,
    lines: Receiver<String>,
    pub(crate) address: SocketAddr,
    admin: Option<SocketAddr>,
}

/// What the kernel says of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Processor time of all its threads so far; `None` if this kernel does not count it.
    pub(crate) cpu: Option<Duration>,
    /// Resident memory.
    pub(crate) memory_kib: u64,
}

impl Server {
    pub(crate) fn start(
        candidate: Candidate,
        case: Case,
        options: &Options,
    ) -> anyhow::Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--role", &candidate.to_string()]);
        command.args(["--room-size", &case.room_size().to_string()]);
        command.args(["--tick-rate", &options.tick_rate.to_string()]);
        foreign_settings().for_each(|name| {
            command.env_remove(name);
        });
        let log = if options.verbose { Stdio::inherit() } else { Stdio::null() };
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn()?;
        // From here on whatever goes wrong ends it.
        let address = ([127, 0, 0, 1], 0).into();
        let (sender, lines) = mpsc::channel();
        let mut server = Server { child, orders: None, lines, address, admin: None };
        server.orders = server.child.stdin.take();
        let out = BufReader::new(server.child.stdout.take().context("stdout is piped")?);
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // Nobody may listen any more.
                let _ = sender.send(line);
            }
        });
        server.address = server.address_after(LISTENING)?;
        if candidate == Candidate::Tickwire {
            server.admin = Some(server.address_after(ADMIN)?);
        }
        Ok(server)
    }

    fn address_after(&self, before: &str) -> anyhow::Result<SocketAddr> {
        let line = self.lines.recv_timeout(ANSWER_MAX).context("the server does not listen")?;
        let address = line.strip_prefix(before).ok_or_else(|| anyhow!("it printed {line:?}"))?;
        Ok(address.parse()?)
    }

    /// Says that what is measured begins now.
    pub(crate) fn measure(&mut self) {
        if let Some(orders) = &mut self.orders {
            // One that has ended is noticed by its connections.
            let _ = writeln!(orders, "{MEASURE}");
        }
    }

    /// Its processor time and memory.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let status = fs::read_to_string(process.join("status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse().ok());
        Ok(Usage { cpu: cpu_time(&process)?, memory_kib: kib.context("no VmRSS")? })
    }

    /// Its counters; only the real server has any.
    pub(crate) fn counters(&self) -> Option<Value> {
        let mut stream = TcpStream::connect_timeout(&self.admin?, ANSWER_MAX).ok()?;
        stream.set_read_timeout(Some(ANSWER_MAX)).ok()?;
        let host = self.admin?;
        write!(stream, "GET /api/status HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
            .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (_, body) = text.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    }

    /// Ends it; gives what it says at last.
    pub(crate) fn finish(mut self) -> Option<Value> {
        self.orders = None;
        let last = self.lines.recv_timeout(ANSWER_MAX).ok();
        let give_up = Instant::now() + ANSWER_MAX;
        while Instant::now() < give_up && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(5));
        }
        serde_json::from_str(&last?).ok()
    }
}

/// Whether this kernel counts how long threads run: in nanoseconds, if it was built with
/// CONFIG_SCHED_INFO.
pub(crate) fn counts_cpu_time() -> bool {
    cpu_time(Path::new("/proc/self")).is_ok_and(|cpu| cpu.is_some())
}

/// How long the threads of a process, by its directory in /proc, have run; `None` if that is not said.
fn cpu_time(process: &Path) -> io::Result<Option<Duration>> {
    let mut nanos = 0;
    for thread in fs::read_dir(process.join("task"))? {
        // A thread may end between the two.
        nanos += nanos_of(&thread?.path()).unwrap_or(0);
    }
    // Where threads say nothing the sum is no figure.
    Ok(nanos_of(process).map(|_| Duration::from_nanos(nanos)))
}

fn nanos_of(thread: &Path) -> Option<u64> {
    // How long it ran, how long it waited for that, and how often it was let run. A kernel that does not
    // count leaves the file away, or has nothing but zeros in it.
    let stat = fs::read_to_string(thread.join("schedstat")).ok()?;
    let mut numbers = stat.split_whitespace().map(str::parse);
    let (nanos, times) = (numbers.next()?.ok()?, numbers.nth(1)?.ok()?);
    (times > 0).then_some(nanos)
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Variables of the environment that would change how the server behaves. Candidates do not get them.
pub(crate) fn foreign_settings() -> impl Iterator<Item = String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("TICKWIRE_") || name == "RUST_LOG")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_without_a_count_of_its_time_has_none_instead_of_zero() {
        let folder = std::env::temp_dir().join(format!("bench-process-{}", std::process::id()));
        let thread = folder.join("task/1");
        fs::create_dir_all(&thread).unwrap();
        assert_eq!(cpu_time(&folder).unwrap(), None);
        for (text, nanos) in [("0 0 0\n", None), ("0 9 1\n", Some(0)), ("70 0 1\n", Some(70))] {
            fs::write(folder.join("schedstat"), text).unwrap();
            fs::write(thread.join("schedstat"), text).unwrap();
            assert_eq!(cpu_time(&folder).unwrap(), nanos.map(Duration::from_nanos));
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
