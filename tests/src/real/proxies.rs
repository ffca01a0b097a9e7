//! Real reverse proxies before the real server, configured as `docs/operations.md` shows it: the
//! configurations are read out of it, so that what people copy is what is tested.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, process};

use super::ports::lasting_address;
use super::process::Process;
use super::{GIVE_UP, Server, poll, say, target};

/// The server's address in the configurations of the documentation.
const DOCUMENTED_SERVER: &str = "127.0.0.1:7777";

/// A reverse proxy that can be had as a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    Nginx,
    Caddy,
    HaProxy,
}

impl ProxyKind {
    pub const ALL: [ProxyKind; 3] = [ProxyKind::Nginx, ProxyKind::Caddy, ProxyKind::HaProxy];

    /// The name of its program, and of its language in the documentation.
    fn name(self) -> &'static str {
        match self {
            ProxyKind::Nginx => "nginx",
            ProxyKind::Caddy => "caddy",
            ProxyKind::HaProxy => "haproxy",
        }
    }
}

/// A running proxy before a server.
pub struct Proxy {
    process: Process,
    address: SocketAddr,
    folder: PathBuf,
}

impl Proxy {
    /// Starts one before a server, and waits until it answers; `None`, with one line that says so,
    /// where it is not installed. With `PROXIES_REQUIRED=1` in the environment that is a failure.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(kind: ProxyKind, server: &Server) -> Option<Proxy> {
        let name = kind.name();
        let Some(program) = find(name) else {
            assert!(
                env::var_os("PROXIES_REQUIRED").is_none_or(|required| required != "1"),
                "no {name} found, though PROXIES_REQUIRED=1"
            );
            say(&format!("SKIPPED: no {name} found: nothing was tried behind it"));
            return None;
        };
        let folder = fresh_folder(name);
        let address = lasting_address();
        let file = folder.join("config");
        fs::write(&file, configuration(kind, server.address(), address, &folder))
            .expect("the target directory can be written");
        let mut command = Command::new(program);
        match kind {
            ProxyKind::Nginx => command.arg("-p").arg(&folder).arg("-c").arg(&file),
            ProxyKind::Caddy => command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(&file)
                .env("HOME", &folder)
                .env("XDG_CONFIG_HOME", &folder)
                .env("XDG_DATA_HOME", &folder),
            ProxyKind::HaProxy => command.args(["-W", "-db", "-f"]).arg(&file),
        };
        let process = Process::start(name, &mut command);
        let mut proxy = Proxy { process, address, folder };
        let listens = poll(GIVE_UP, || {
            assert!(proxy.process.ended().is_none(), "{name} ended:\n{}", proxy.process.log());
            TcpStream::connect(address).ok()
        });
        assert!(listens.is_some(), "{name} listens nowhere:\n{}", proxy.process.log());
        Some(proxy)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a page behind it, `path` beginning with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Has nginx or HAProxy read its configuration anew, as a service's reload does.
    pub fn reload(&self, kind: ProxyKind) {
        self.process.signal(match kind {
            ProxyKind::Nginx => "HUP",
            ProxyKind::HaProxy => "USR2",
            ProxyKind::Caddy => unreachable!("Caddy is reloaded through its admin listener"),
        });
    }

    /// The processes that it has started and that are still there.
    #[must_use]
    pub fn workers(&self) -> Vec<u32> {
        let id = self.process.id();
        let path = format!("/proc/{id}/task/{id}/children");
        let children = fs::read_to_string(path).unwrap_or_default();
        children.split_whitespace().filter_map(|id| id.parse().ok()).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Asked to go, it takes its workers along; killed, it would leave them behind.
        if self.process.ended().is_none() {
            self.process.signal("TERM");
            poll(Duration::from_secs(5), || self.process.ended());
        }
        // What is left there is swept with the target directory.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A program on the path, or where programs for administrators lie.
fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

fn fresh_folder(name: &str) -> PathBuf {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = target().0.join("tmp").join(format!("{name}-{}-{number}", process::id()));
    fs::create_dir_all(&folder).expect("the target directory can be written");
    folder
}

/// The documented configuration, with the addresses of this test and all files in one folder.
fn configuration(
    kind: ProxyKind,
    server: SocketAddr,
    address: SocketAddr,
    folder: &Path,
) -> String {
    let text = replaced(documented(kind.name()), DOCUMENTED_SERVER, &server.to_string());
    let folder = folder.display();
    match kind {
        ProxyKind::Nginx => {
            let text = replaced(text, "listen 80;", &format!("listen {address};"));
            let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
                .concat();
            // The user counts only where root starts it: its workers must reach the folder.
            format!(
                "daemon off;\nuser root;\nworker_processes 1;\npid {folder}/pid;\n\
                 error_log stderr warn;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{text}}}\n"
            )
        }
        ProxyKind::Caddy => {
            let text = replaced(text, "play.example {", &format!("http://{address} {{"));
            format!("{{\n    admin off\n    auto_https off\n}}\n{text}")
        }
        ProxyKind::HaProxy => {
            let text = replaced(text, "bind :80", &format!("bind {address}"));
            format!("global\n    maxconn 1000\n\n{text}")
        }
    }
}

/// The block of code in this language in the documentation.
fn documented(language: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let text = fs::read_to_string(path).expect("the documentation is there");
    let (_, block) = text
        .split_once(&format!("```{language}\n"))
        .unwrap_or_else(|| panic!("docs/operations.md has no configuration of {language}"));
    let (block, _) = block.split_once("```").expect("a block has an end");
    block.to_owned()
}

/// `text` with all of `what` replaced; at least one must be there.
fn replaced(text: String, what: &str, with: &str) -> String {
    assert!(text.contains(what), "no {what} in\n{text}");
    text.replace(what, with)
}
