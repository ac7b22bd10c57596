//! The disk of the search index is full, and its folder is lost or damaged.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::agencies::{Agencies, publish};
use super::oracle::{indexed, judge, recorded};
use super::site::Site;
use crate::support::engine::Engine;
use crate::support::wait::{until, until_worked_off};

/// A disk of its own for the index of one engine: a mount that only this
/// process sees, and that vanishes with it.
struct SmallDisk {
    pid: String,
    /// As seen from outside.
    path: PathBuf,
}

impl SmallDisk {
    async fn with_engine(site: &Site) -> (Self, Engine) {
        std::fs::create_dir_all(site.search_path()).unwrap();
        let mut command = Command::new("unshare");
        let script = "mount -t tmpfs -o size=4m tmpfs \"$1\" && exec \"$2\" serve";
        command.args(["--mount", "sh", "-c", script, "sh"]).arg(site.search_path());
        let mut engine = site.spawn_by(command);
        engine.ready().await;
        let pid = engine.pid().to_string();
        let root = PathBuf::from(format!("/proc/{pid}/root"));
        let path = root.join(site.search_path().strip_prefix("/").unwrap());
        (Self { pid, path }, engine)
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let endless = Command::new("sh")
            .args(["-c", "cat /dev/zero >\"$1\" 2>/dev/null", "sh"])
            .arg(self.ballast())
            .status();
        assert!(!endless.unwrap().success(), "the disk has no end");
    }

    fn make_room(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    /// How many messages a search finds, where this disk is seen.
    fn found(&self, site: &Site) -> i64 {
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--target", &self.pid]);
        let query = ["search", "query", "--size", "1", "--json"];
        let answer = site.by(command).args(query).output().unwrap().stdout;
        let answer = serde_json::from_slice(&answer).unwrap_or(serde_json::Value::Null);
        answer["totalItems"].as_i64().unwrap_or(0)
    }
}

#[tokio::test]
async fn a_full_disk_of_the_index_holds_up_nothing_else() {
    let site = Site::embedded().await;
    let (disk, engine) = SmallDisk::with_engine(&site).await;
    site.upload(&engine).await;
    let mut log = publish(&*site.queue, 0, 40).await;
    recorded(&site, &log).await;

    disk.fill();
    log.extend(publish(&*site.queue, 100, 100).await);
    recorded(&site, &log).await;
    let errors = ["stage=\"index\"", "kind=\"disk\""];
    until_worked_off("the full disk is counted", async || {
        engine.metric("facteur_errors_total", &errors).await >= 1.0
    })
    .await;
    until("the index says that it is behind", async || {
        engine.metric("facteur_index_lag_documents", &[]).await > 0.0
    })
    .await;

    disk.make_room();
    let accepted = site.ledger.account().await.unwrap().total.accepted;
    until_worked_off("the index catches up", async || disk.found(&site) == accepted).await;
    engine.stop().await;
    // The small disk is gone, and with it the index: the next engine makes it
    // anew.
    judge(&site, vec![site.engine().await], &log).await;
}

/// Every file of the index in use, cut in half or overwritten.
fn damage(path: &Path, how: fn(&[u8]) -> Vec<u8>) -> usize {
    let mut damaged = 0;
    for entry in std::fs::read_dir(path).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            damaged += damage(&entry.path(), how);
        } else if entry.metadata().unwrap().len() > 0 {
            let bytes = std::fs::read(entry.path()).unwrap();
            std::fs::write(entry.path(), how(&bytes)).unwrap();
            damaged += 1;
        }
    }
    damaged
}

fn halve(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() / 2].to_vec()
}

fn scramble(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ 0x55).collect()
}

#[tokio::test]
async fn a_lost_or_damaged_index_is_made_anew() {
    let site = Site::embedded().await;
    let mut engine = site.engine().await;
    site.upload(&engine).await;
    let agencies = Agencies::start(Arc::clone(&site.queue), 0);
    until_worked_off("documents are found", async || indexed(&site.search_path()).await > 100)
        .await;
    let log = agencies.stop().await;
    judge(&site, vec![engine], &log).await;

    for how in [halve, scramble] {
        assert!(damage(&site.search_path(), how) > 3);
        engine = site.engine().await;
        judge(&site, vec![engine], &log).await;
    }
    std::fs::remove_dir_all(site.search_path()).unwrap();
    judge(&site, vec![site.engine().await], &log).await;
}
