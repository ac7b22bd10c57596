//! A real Chromium, driven over WebDriver (W3C).

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::wait::until;
use crate::web::client::Request;

/// It fetches nothing by itself, and keeps nothing.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en",
];

/// What an element is named by (WebDriver §11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// So often a port is drawn.
const DRAWS_MAX: usize = 5;
/// What the driver says then; whatever else it ends of fails the test.
const TAKEN: &str = "port not available";
const START_MAX: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; a machine without Chromium fails the test.
    pub(crate) async fn start() -> Result<Self> {
        let (driver, address) = tokio::task::spawn_blocking(listening).await??;
        let profile = tempfile::tempdir()?;
        let mut browser = Self { driver, address, session: String::new(), _profile: profile };
        browser.session = browser.open().await?;
        Ok(browser)
    }

    async fn open(&self) -> Result<String> {
        let profile = format!("--user-data-dir={}", self._profile.path().display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([&*profile]).collect();
        let capabilities = json!({ "alwaysMatch": { "goog:chromeOptions": { "args": flags } } });
        let started = self.ask("POST", "/session", json!({ "capabilities": capabilities })).await?;
        Ok(started["sessionId"].as_str().context("no session")?.to_owned())
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        let request = Request::to(self.address, "localhost", method, path);
        let request = match method {
            "GET" => request,
            _ => {
                request.header("content-type", "application/json").body(body.to_string().as_bytes())
            }
        };
        let answer = request.send().await;
        let value = answer.json()["value"].clone();
        ensure!(answer.status == 200, "{path}: {value}");
        Ok(value)
    }

    async fn command(&self, path: &str, body: Value) -> Result<Value> {
        self.ask("POST", &format!("/session/{}{path}", self.session), body).await
    }

    pub(crate) async fn go(&self, url: &str) -> Result<()> {
        self.command("/url", json!({ "url": url })).await.map(drop)
    }

    /// What a function's body returns.
    pub(crate) async fn run(&self, script: &str, arguments: Value) -> Result<Value> {
        self.command("/execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// What a function's body hands to its last argument.
    pub(crate) async fn run_async(&self, script: &str) -> Result<Value> {
        self.command("/execute/async", json!({ "script": script, "args": [] })).await
    }

    async fn element(&self, css: &str) -> Result<String> {
        let found = self.command("/element", json!({ "using": "css selector", "value": css }));
        let found = found.await?;
        let id = found.as_object().and_then(|it| it.values().next()).and_then(Value::as_str);
        Ok(id.with_context(|| format!("no {css}"))?.to_owned())
    }

    /// Clicks as a person does: what is hidden cannot be clicked.
    pub(crate) async fn click(&self, css: &str) -> Result<()> {
        let element = self.element(css).await?;
        self.command(&format!("/element/{element}/click"), json!({})).await.map(drop)
    }

    /// Types into a field, in place of what it held.
    pub(crate) async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let element = self.element(css).await?;
        self.command(&format!("/element/{element}/clear"), json!({})).await?;
        self.command(&format!("/element/{element}/value"), json!({ "text": text })).await.map(drop)
    }

    /// Chooses a value of a list.
    pub(crate) async fn choose(&self, css: &str, value: &str) -> Result<()> {
        let script = "const it = document.querySelector(arguments[0]); it.value = arguments[1]; \
            it.dispatchEvent(new Event('change', { bubbles: true })); return it.value;";
        let now = self.run(script, json!([css, value])).await?;
        ensure!(now == value, "{css} has no {value}");
        Ok(())
    }

    /// Presses a key where the focus is.
    pub(crate) async fn press(&self, key: &str) -> Result<()> {
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": [
            { "type": "keyDown", "value": key }, { "type": "keyUp", "value": key },
        ]}]);
        self.command("/actions", json!({ "actions": actions })).await.map(drop)
    }

    pub(crate) async fn path(&self) -> Result<String> {
        let path = self.run("return location.pathname + location.search", json!([])).await?;
        Ok(path.as_str().context("no address")?.to_owned())
    }

    /// The text of the page as people see it.
    pub(crate) async fn text(&self) -> Result<String> {
        self.text_of("body").await
    }

    /// The text of all that a selector finds.
    pub(crate) async fn text_of(&self, css: &str) -> Result<String> {
        let script = "return [...document.querySelectorAll(arguments[0])]\
            .map(it => it.innerText).join('\\n')";
        let text = self.run(script, json!([css])).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    pub(crate) async fn count(&self, css: &str) -> Result<u64> {
        let script = "return document.querySelectorAll(arguments[0]).length";
        Ok(self.run(script, json!([css])).await?.as_u64().unwrap_or_default())
    }

    /// Waits until the page's text contains another.
    pub(crate) async fn until_shown(&self, wanted: &str) {
        until(wanted, async || self.text().await.is_ok_and(|text| text.contains(wanted))).await;
    }

    /// Waits until the address is such.
    pub(crate) async fn until_at(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        until(what, async || self.path().await.is_ok_and(|path| is_there(&path))).await;
    }

    /// A screen of this size, in CSS pixels.
    pub(crate) async fn screen(&self, width: u32, height: u32, is_dark: bool) -> Result<()> {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await
    }

    /// Switches scripts off and on.
    pub(crate) async fn scripts(&self, are_on: bool) -> Result<()> {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !are_on })).await
    }

    /// A command of the browser's own developer tools.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Result<()> {
        let body = json!({ "cmd": command, "params": parameters });
        self.command("/goog/cdp/execute", body).await.map(drop)
    }

    /// Goes into a frame of the page; what follows is asked of it.
    pub(crate) async fn enter_frame(&self, css: &str) -> Result<()> {
        let element = self.element(css).await?;
        let id = json!({ ELEMENT: element });
        self.command("/frame", json!({ "id": id })).await.map(drop)
    }

    /// Goes back to the page itself.
    pub(crate) async fn leave_frame(&self) -> Result<()> {
        self.command("/frame/parent", json!({})).await.map(drop)
    }

    /// What a dialog that stands open says.
    pub(crate) async fn dialog(&self) -> Result<Option<String>> {
        let path = format!("/session/{}/alert/text", self.session);
        let answer = Request::to(self.address, "localhost", "GET", &path).send().await;
        let value = answer.json()["value"].clone();
        match answer.status {
            200 => Ok(value.as_str().map(str::to_owned)),
            _ if value["error"] == "no such alert" => Ok(None),
            status => anyhow::bail!("{status}: {value}"),
        }
    }

    /// The page as a PNG.
    pub(crate) async fn screenshot(&self) -> Result<Vec<u8>> {
        let path = format!("/session/{}/screenshot", self.session);
        let shot = self.ask("GET", &path, Value::Null).await?;
        Ok(STANDARD.decode(shot.as_str().context("no picture")?)?)
    }
}

/// A driver that listens. It draws a port and ends at once where another process
/// has that port of IPv6 already: then another one draws.
fn listening() -> Result<(Child, SocketAddr)> {
    for _ in 0..DRAWS_MAX {
        let mut driver = Command::new("chromedriver")
            .args(["--port=0", "--log-level=WARNING"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("chromedriver is needed: ./dev test installs it")?;
        let output = driver.stdout.take().context("no output")?;
        match port(output)? {
            Ok(address) => return Ok((driver, address)),
            Err(words) if words.iter().any(|line| line.contains(TAKEN)) => driver.wait()?,
            Err(words) => anyhow::bail!("chromedriver ended before it listened: {words:?}"),
        };
    }
    anyhow::bail!("chromedriver drew {DRAWS_MAX} ports that were taken")
}

/// The port that it drew, from what it prints; or all that it said before it
/// ended. What it prints later is read too, so that it never waits for a reader.
fn port(output: ChildStdout) -> Result<Result<SocketAddr, Vec<String>>> {
    let (says, said) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _nobody_listens = says.send(line);
        }
    });
    let mut words = Vec::new();
    loop {
        match said.recv_timeout(START_MAX) {
            Ok(line) => match line.split_once("successfully on port ") {
                Some((_, rest)) => {
                    let port = rest.trim_end_matches('.').parse()?;
                    return Ok(Ok(SocketAddr::from(([127, 0, 0, 1], port))));
                }
                None => words.push(line),
            },
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(Err(words)),
            Err(mpsc::RecvTimeoutError::Timeout) => anyhow::bail!("it does not start: {words:?}"),
        }
    }
}

impl Drop for Browser {
    /// In order, so that Chromium itself ends too.
    fn drop(&mut self) {
        let (address, session) = (self.address, self.session.clone());
        let closed = std::thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let path = format!("/session/{session}");
            runtime.block_on(Request::to(address, "localhost", "DELETE", &path).send());
            Ok(())
        });
        let _ended_or_killed_below = closed.join();
        let _gone = self.driver.kill();
        let _reaped = self.driver.wait();
    }
}
