//! A virtual host of the test's own on the RabbitMQ that the environment
//! names, gone when it is dropped.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::process::{Command, Stdio};

use uuid::Uuid;

use super::brokers::RabbitMq;

/// A virtual host with an account of its own, which may publish in the name of
/// every other: one connection speaks for all agencies, forgers included.
pub(crate) struct VirtualHost {
    ctl: String,
    name: String,
    url: url::Url,
}

impl VirtualHost {
    pub(crate) fn new() -> Self {
        let variable = "FACTEUR_TEST_RABBITMQCTL";
        let ctl = std::env::var(variable).unwrap_or_else(|_| {
            panic!("{variable} names no program; `./dev services up` writes one")
        });
        let name = format!("test-{}", Uuid::now_v7().simple());
        let mut url = url::Url::parse(&RabbitMq::from_environment().url).unwrap();
        url.set_path(&name);
        url.set_username(&name).unwrap();
        url.set_password(Some(&name)).unwrap();
        let host = Self { ctl, name, url };
        host.run(&["add_vhost", &host.name]);
        host.run(&["add_user", &host.name, &host.name]);
        host.run(&["set_user_tags", &host.name, "impersonator"]);
        host.run(&["set_permissions", "-p", &host.name, &host.name, ".*", ".*", ".*"]);
        host
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Administers the broker.
    pub(crate) fn run(&self, arguments: &[&str]) {
        let output = Command::new(&self.ctl).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "rabbitmqctl {arguments:?}: {said}");
    }
}

impl Drop for VirtualHost {
    fn drop(&mut self) {
        for arguments in [["delete_vhost", &self.name], ["delete_user", &self.name]] {
            let mut command = Command::new(&self.ctl);
            let status = command.args(arguments).stdout(Stdio::null()).status();
            // A second panic would hide the first.
            if !std::thread::panicking() {
                assert!(status.unwrap().success(), "rabbitmqctl {arguments:?}");
            }
        }
    }
}
